/** SIGTERM and SIGINT ask the node to stop, SIGHUP to read its certificate again. @module */

const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Calls `stop` at each of these signals; the returned function ends that. */
export function onStopSignal(stop: (signal: string) => void): () => void {
  const listeners = STOP_SIGNALS.map((signal) => ({ signal, listener: () => stop(signal) }));
  for (const { signal, listener } of listeners) Deno.addSignalListener(signal, listener);
  return () => {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  };
}

/** Calls `reload` at each SIGHUP, for as long as the process lives. */
export function onReloadSignal(reload: () => void): void {
  Deno.addSignalListener("SIGHUP", reload);
}
