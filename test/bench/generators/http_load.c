/*
 * HTTP/1.1 clients with kept-alive connections, one request at a time on each.
 *   http_load --port P --connections C --path TARGET --lines N   POSTs bodies of N log lines
 *   http_load --port P --connections C --lines 0 --path FILE     GETs the targets that stand in FILE, a line each,
 *                                                               in turn over all connections
 * An answer outside 200 to 299 counts as refused.
 */
#include "load.h"

static char **targets;
static long target_count, next_target;

static void read_targets(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) fail("open the list of targets");
  char line[4096];
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    targets = realloc(targets, (size_t)(target_count + 1) * sizeof *targets);
    targets[target_count++] = strdup(line);
  }
  fclose(file);
  if (target_count == 0) { fprintf(stderr, "no targets in %s\n", path); exit(2); }
}

static size_t get_request(Connection *connection, int slot, uint8_t *out) {
  (void)connection; (void)slot;
  const char *target = targets[next_target++ % target_count];
  return (size_t)sprintf((char *)out,
    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: %s\r\n\r\n", target, options.type);
}

static size_t post_request(Connection *connection, int slot, uint8_t *out) {
  (void)slot;
  size_t line_bytes = (size_t)options.payload_bytes + (options.lines > 1 ? 1 : 0);
  int length = sprintf((char *)out,
    "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
    options.path, options.type, line_bytes * (size_t)options.lines);
  uint8_t *at = out + length;
  for (int i = 0; i < options.lines; i++) {
    size_t which = ((size_t)connection->index * 131 + (size_t)connection->requests * 7 + (size_t)i);
    memcpy(at, payloads + which % PAYLOADS * (size_t)options.payload_bytes,
      (size_t)options.payload_bytes);
    at += options.payload_bytes;
    if (options.lines > 1) *at++ = '\n';
  }
  return (size_t)(at - out);
}

static const char *header(const char *head, size_t length, const char *name) {
  size_t name_bytes = strlen(name);
  for (const char *at = head, *end = head + length; at < end;) {
    if (!strncasecmp(at, name, name_bytes)) return at + name_bytes;
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    if (!line_end) break;
    at = line_end + 1;
  }
  return NULL;
}

/* Bytes of a whole chunked body at `at`, or 0. */
static size_t chunked_bytes(const uint8_t *at, size_t length) {
  size_t position = 0;
  for (;;) {
    const uint8_t *end = memchr(at + position, '\n', length - position);
    if (!end) return 0;
    size_t size = strtoul((const char *)at + position, NULL, 16);
    position = (size_t)(end - at) + 1 + size + 2;
    if (position > length) return 0;
    if (size == 0) return position;
  }
}

static long answer(const uint8_t *in, size_t length, int *slot) {
  (void)slot;
  const uint8_t *head_end = memmem(in, length, "\r\n\r\n", 4);
  if (!head_end) return 0;
  size_t head_bytes = (size_t)(head_end - in) + 4, body_bytes = 0;
  const char *head = (const char *)in;
  const char *content_length = header(head, head_bytes, "content-length:");
  if (content_length) {
    body_bytes = strtoul(content_length, NULL, 10);
    if (length - head_bytes < body_bytes) return 0;
  } else if (header(head, head_bytes, "transfer-encoding:")) {
    body_bytes = chunked_bytes(in + head_bytes, length - head_bytes);
    if (body_bytes == 0) return 0;
  }
  long whole = (long)(head_bytes + body_bytes);
  if (head[9] == '2') return whole;
  if (refused == 0) fprintf(stderr, "%.*s\n", (int)(whole < 600 ? whole : 600), head);
  return -whole;
}

int main(int count, char **words) {
  read_options(count, words);
  bool posts = options.lines > 0;
  if (posts) make_payloads();
  else read_targets(options.path);
  Protocol http = {
    .request_bytes_max = 4608 + (size_t)(options.payload_bytes + 1) * (size_t)options.lines,
    .request = posts ? post_request : get_request, .answer = answer,
  };
  return run(&http);
}
