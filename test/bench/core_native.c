/*
 * What native code makes of the same bytes, for `bench core`. Reads the file INPUT named on the
 * command line, writes what comes of it, block by block behind a u32 of its size, to the file PACKED
 * named next, then reads a command a line from standard input and answers each with a line:
 *
 *     crc SIZE MS   CRC-32C by SSE4.2, one stream, over pieces of SIZE bytes, for MS milliseconds
 *     pack MS       liblz4's default compressor over blocks of 64 KiB
 *     unpack MS     its safe decompressor over those
 *
 * The answer is bytes (uncompressed) per second of processor time, and for pack the bytes that
 * came of one pass.
 */
#include <nmmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef WITH_LZ4
#include <lz4.h>
#endif

#define BLOCK 65536

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

__attribute__((target("sse4.2"))) static uint32_t crc32c(const uint8_t *at, size_t size) {
  uint64_t crc = 0xffffffff;
  for (; size >= 8; size -= 8, at += 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  for (; size > 0; size--) crc = _mm_crc32_u8((uint32_t)crc, *at++);
  return ~(uint32_t)crc;
}

static uint8_t *input, *packed, *unpacked;
static size_t input_size;
static int *packed_sizes;
static volatile uint32_t sink;

static size_t crc_pass(size_t piece) {
  for (size_t at = 0; at + piece <= input_size; at += piece) sink ^= crc32c(input + at, piece);
  return input_size / piece * piece;
}

#ifdef WITH_LZ4
static size_t pack_pass(size_t *total) {
  *total = 0;
  for (size_t at = 0, nth = 0; at < input_size; at += BLOCK, nth++) {
    int size = input_size - at < BLOCK ? (int)(input_size - at) : BLOCK;
    packed_sizes[nth] = LZ4_compress_default((char *)input + at, (char *)packed + nth * 2 * BLOCK,
                                             size, 2 * BLOCK);
    *total += packed_sizes[nth];
  }
  return input_size;
}

static size_t unpack_pass(void) {
  for (size_t at = 0, nth = 0; at < input_size; at += BLOCK, nth++) {
    int size = LZ4_decompress_safe((char *)packed + nth * 2 * BLOCK, (char *)unpacked + at,
                                   packed_sizes[nth], BLOCK);
    if (size < 0) exit(3);
  }
  return input_size;
}
#endif

int main(int argc, char **argv) {
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (!file) return 1;
  fseek(file, 0, SEEK_END);
  input_size = ftell(file);
  rewind(file);
  size_t blocks = input_size / BLOCK + 1;
  input = malloc(input_size);
  unpacked = malloc(blocks * BLOCK);
  packed = malloc(blocks * 2 * BLOCK);
  packed_sizes = calloc(blocks, sizeof(int));
  if (fread(input, 1, input_size, file) != input_size) return 2;

#ifdef WITH_LZ4
  size_t all;
  pack_pass(&all);
  file = argc > 2 ? fopen(argv[2], "wb") : NULL;
  if (!file) return 5;
  for (size_t nth = 0; nth * BLOCK < input_size; nth++) {
    fwrite(&packed_sizes[nth], 4, 1, file);
    fwrite(packed + nth * 2 * BLOCK, 1, packed_sizes[nth], file);
  }
  fclose(file);
#endif

  char command[16];
  while (scanf("%15s", command) == 1) {
    size_t piece = 0, total = 0;
    int ms;
    if (!strcmp(command, "crc") && scanf("%zu", &piece) != 1) return 4;
    if (scanf("%d", &ms) != 1) return 4;
    double bytes = 0, start = now(), end;
    do {
      if (piece) bytes += crc_pass(piece);
#ifdef WITH_LZ4
      else if (!strcmp(command, "pack")) bytes += pack_pass(&total);
      else bytes += unpack_pass();
#endif
      end = now();
    } while (end - start < ms / 1000.0);
    printf("%.0f %zu\n", bytes / (end - start), total);
    fflush(stdout);
  }
  return 0;
}
