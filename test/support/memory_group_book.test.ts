/** The double does what the book does. */
import { describe } from "vitest";
import { groupBookContract } from "../contract/group_book.ts";
import { MemoryGroupBook } from "./memory_group_book.ts";

describe("MemoryGroupBook", () => {
  groupBookContract(() => Promise.resolve(new MemoryGroupBook()), (book) => Promise.resolve(book));
});
