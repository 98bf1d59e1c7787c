/** The catalogue's thread, but for one statement that ends it. */
import "../../src/host/sqlite_worker.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<{ readonly statement?: readonly unknown[] }>) => void;
};
const answer = scope.onmessage;

scope.onmessage = (event) => {
  if (event.data.statement?.[0] === "END") throw new Error("the thread ended");
  answer(event);
};
