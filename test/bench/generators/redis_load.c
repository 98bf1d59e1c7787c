/*
 * Producers of a Redis stream: XADD, pipelined; a message counts when its id is there.
 *   redis_load --port P --connections C --window W [--payload BYTES] [--seconds S]
 */
#include "load.h"

static size_t request(Connection *connection, int slot, uint8_t *out) {
  (void)slot;
  int length = sprintf((char *)out,
    "*7\r\n$4\r\nXADD\r\n$4\r\nlogs\r\n$1\r\n*\r\n$5\r\ntopic\r\n$21\r\nsite/%02d/dev/%05d/log\r\n"
    "$1\r\nv\r\n$%d\r\n",
    connection->index % 24, connection->index, options.payload_bytes);
  memcpy(out + length, payload_of(connection), (size_t)options.payload_bytes);
  memcpy(out + length + options.payload_bytes, "\r\n", 2);
  return (size_t)(length + options.payload_bytes + 2);
}

/* "$15\r\n1700000000000-0\r\n", or "-ERR …\r\n". */
static long answer(const uint8_t *in, size_t length, int *slot) {
  (void)slot;
  const uint8_t *end = memchr(in, '\n', length);
  if (!end) return 0;
  if (in[0] != '$') {
    fprintf(stderr, "%.*s\n", (int)(end - in), (const char *)in);
    exit(3);
  }
  size_t whole = (size_t)(end - in) + 1 + (size_t)atoi((const char *)in + 1) + 2;
  return length < whole ? 0 : (long)whole;
}

int main(int count, char **words) {
  read_options(count, words);
  make_payloads();
  Protocol redis = {
    .request_bytes_max = 160 + (size_t)options.payload_bytes, .request = request, .answer = answer,
  };
  return run(&redis);
}
