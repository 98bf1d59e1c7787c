/** What every Disk does, the simulated and the real one. Each runs this suite over its own. */
import { beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { isOperatingError } from "../../src/base/errors.ts";
import type { Disk, DiskFile } from "../../src/store/disk.ts";

/** `open` gives an empty disk; `close` gives it back. */
export function describeDisk(
  name: string,
  open: () => { readonly disk: Disk; readonly close: () => void },
): void {
  describe(`Disk: ${name}`, () => {
    let disk: Disk;

    beforeEach(() => {
      const opened = open();
      disk = opened.disk;
      return opened.close;
    });

    const create = (path: string, text = ""): DiskFile => {
      const file = disk.open(path, { create: true });
      if (text !== "") file.writeAt(0, utf8(text));
      return file;
    };
    const readNow = (file: DiskFile, position: number, size: number) => {
      const into = new Uint8Array(size);
      return new TextDecoder().decode(into.subarray(0, file.readAtNow(position, into)));
    };

    it("open() without create refuses a file that is not there, by name", () => {
      try {
        disk.open("missing");
        expect.fail("a missing file was opened");
      } catch (error) {
        expect(isOperatingError(error, "not_found")).toBe(true);
        expect((error as { detail: unknown }).detail).toMatchObject({ path: "missing" });
      }
    });

    it("open() with create keeps what a file holds", () => {
      create("a", "kept").close();
      const file = disk.open("a", { create: true });
      expect(readNow(file, 0, 10)).toBe("kept");
      expect(file.path).toBe("a");
      file.close();
    });

    it("writeAt() writes in the middle, at the end, and past it", () => {
      const file = create("a", "abcdef");
      file.writeAt(2, utf8("XY"));
      file.writeAt(6, utf8("gh"));
      expect(readNow(file, 0, 100)).toBe("abXYefgh");
      file.writeAt(10, utf8("!"));
      expect(file.size()).toBe(11);
      expect(readNow(file, 8, 3)).toBe("\0\0!");
      file.close();
    });

    it("writeAt() takes a view into a larger buffer", () => {
      const file = create("a");
      file.writeAt(0, utf8("-hello-").subarray(1, 6));
      expect(readNow(file, 0, 100)).toBe("hello");
      file.close();
    });

    it("readAt() and readAtNow() read fewer bytes only at the end", async () => {
      const file = create("a", "0123456789");
      const into = new Uint8Array(4);
      expect(await file.readAt(3, into)).toBe(4);
      expect(new TextDecoder().decode(into)).toBe("3456");
      expect(await file.readAt(8, into)).toBe(2);
      expect(await file.readAt(10, into)).toBe(0);
      expect(await file.readAt(99, into)).toBe(0);
      expect(file.readAtNow(8, into)).toBe(2);
      expect(file.readAtNow(10, into)).toBe(0);
      file.close();
    });

    it("two handles of one file see each other's writes", () => {
      const writer = create("a");
      const reader = disk.open("a");
      writer.writeAt(0, utf8("seen"));
      expect(readNow(reader, 0, 10)).toBe("seen");
      writer.close();
      reader.close();
    });

    it("truncate() cuts and extends; what was cut comes back as zeros", () => {
      const file = create("a", "abcdef");
      file.truncate(3);
      expect(file.size()).toBe(3);
      file.truncate(5);
      expect(readNow(file, 0, 10)).toBe("abc\0\0");
      file.close();
    });

    it("sync() and syncNow() leave the contents as they are", async () => {
      const file = create("a", "abc");
      await file.sync();
      file.syncNow();
      expect(readNow(file, 0, 10)).toBe("abc");
      file.close();
    });

    it("makeDirectory() makes parents, and does not mind one that is there", async () => {
      disk.makeDirectory("x/y");
      disk.makeDirectory("x/y");
      create("x/y/a").close();
      expect(disk.list("x")).toEqual(["y"]);
      expect(disk.list("x/y")).toEqual(["a"]);
      await disk.syncDirectory("x/y");
      await disk.syncDirectory("");
    });

    it("list() is sorted, and empty where there is no directory", () => {
      for (const name of ["b", "c", "a"]) create(name).close();
      expect(disk.list("")).toEqual(["a", "b", "c"]);
      expect(disk.list("missing")).toEqual([]);
    });

    it("exists() tells files and directories from what is not there", () => {
      create("a").close();
      disk.makeDirectory("d");
      expect([disk.exists("a"), disk.exists("d"), disk.exists("b"), disk.exists("d/b")])
        .toEqual([true, true, false, false]);
    });

    it("remove() removes a file, and does not mind one that is not there", () => {
      create("a").close();
      disk.remove("a");
      disk.remove("a");
      expect(disk.exists("a")).toBe(false);
    });

    it("remove() leaves an open file readable to who holds it", () => {
      const file = create("a", "still here");
      disk.remove("a");
      expect(readNow(file, 0, 20)).toBe("still here");
      file.close();
      const fresh = create("a");
      expect(fresh.size()).toBe(0);
      fresh.close();
    });

    it("removeDirectory() removes all in it, and does not mind one that is not there", () => {
      disk.makeDirectory("d");
      create("d/a").close();
      disk.removeDirectory("d");
      disk.removeDirectory("d");
      expect(disk.exists("d")).toBe(false);
      expect(disk.list("d")).toEqual([]);
    });

    it("rename() moves a file over another, between directories too", () => {
      disk.makeDirectory("d");
      create("a", "new").close();
      create("d/b", "old").close();
      disk.rename("a", "d/b");
      expect(disk.exists("a")).toBe(false);
      const file = disk.open("d/b");
      expect(readNow(file, 0, 10)).toBe("new");
      file.close();
    });

    it("rename() of what is not there is a storage trouble", () => {
      expect(() => disk.rename("missing", "b")).toThrow(/missing/);
    });

    it("freeBytes() is a number of bytes", () => {
      expect(disk.freeBytes()).toBeGreaterThan(0);
    });
  });
}
