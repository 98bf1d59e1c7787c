/*
 * The engine of the load generators: one thread, one epoll, many connections, each with a window of
 * requests in flight. A protocol says how to greet, how a request looks and how an answer ends.
 * Latency runs from the moment a request is queued for its socket to the moment its answer is read.
 * The result is one JSON object on standard output; troubles go to standard error, exit code not 0.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW_MAX = 1024, PAYLOADS = 4096, EVENTS_MAX = 512 };

typedef struct {
  int port, connections, window, payload_bytes, topics, lines, subscribers, stuck, qos, server;
  long total;          /* requests; the run ends when all are answered ... */
  double seconds;      /* ... or after this long */
  double rate;         /* requests a second over all connections, evenly; 0: as many as the windows let */
  double warmup;       /* seconds at the start that are not counted */
  const char *prefix;  /* of client identifiers */
  const char *path;    /* of the HTTP target, or the file with one target a line */
  const char *type;    /* content type of HTTP bodies */
  const char *hold;    /* MQTT: only leave a persistent QoS 1 session subscribed to this filter */
  const char *filter;  /* MQTT: what connections subscribe to; "%d" in it is the connection's number */
} Options;

typedef struct {
  uint8_t *bytes;
  size_t length, done, capacity;
} Buffer;

typedef struct {
  int descriptor, index;
  bool waits_for_room;           /* EPOLLOUT is on */
  Buffer out, in;
  uint16_t free_slots[WINDOW_MAX], order[WINDOW_MAX];
  int free_count, order_head, order_count;
  double sent_at[WINDOW_MAX + 1];
  long requests;
} Connection;

/* How one protocol looks; `slot` is 1 .. window, and is free again when its answer came. */
typedef struct {
  size_t (*greeting)(Connection *, uint8_t *out);  /* NULL: none */
  size_t greeting_answer_bytes;
  bool (*greeted)(const uint8_t *answer);
  size_t request_bytes_max;
  size_t (*request)(Connection *, int slot, uint8_t *out);
  /* Bytes of the whole answer at `in`, 0 for "not whole yet", -1 for a refusal. Sets `slot` where
     answers carry an identity; otherwise they answer in order. */
  long (*answer)(const uint8_t *in, size_t length, int *slot);
} Protocol;

static Options options = {
  .connections = 1, .window = 1, .payload_bytes = 200, .topics = 1, .lines = 100,
  .total = 1000000000L, .seconds = 2, .prefix = "dev", .path = "/", .type = "application/x-ndjson",
};

static void fail(const char *what) {
  fprintf(stderr, "cannot %s: %s\n", what, strerror(errno));
  exit(2);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void read_options(int count, char **words) {
  for (int i = 1; i + 1 < count; i += 2) {
    const char *name = words[i], *value = words[i + 1];
    if (!strcmp(name, "--port")) options.port = atoi(value);
    else if (!strcmp(name, "--connections")) options.connections = atoi(value);
    else if (!strcmp(name, "--window")) options.window = atoi(value);
    else if (!strcmp(name, "--payload")) options.payload_bytes = atoi(value);
    else if (!strcmp(name, "--topics")) options.topics = atoi(value);
    else if (!strcmp(name, "--lines")) options.lines = atoi(value);
    else if (!strcmp(name, "--total")) options.total = atol(value);
    else if (!strcmp(name, "--seconds")) options.seconds = atof(value);
    else if (!strcmp(name, "--rate")) options.rate = atof(value);
    else if (!strcmp(name, "--warmup")) options.warmup = atof(value);
    else if (!strcmp(name, "--prefix")) options.prefix = value;
    else if (!strcmp(name, "--path")) options.path = value;
    else if (!strcmp(name, "--type")) options.type = value;
    else if (!strcmp(name, "--hold")) options.hold = value;
    else if (!strcmp(name, "--filter")) options.filter = value;
    else if (!strcmp(name, "--subscribers")) options.subscribers = atoi(value);
    else if (!strcmp(name, "--stuck")) options.stuck = atoi(value);
    else if (!strcmp(name, "--server")) options.server = atoi(value);
    else if (!strcmp(name, "--qos")) options.qos = atoi(value);
    else { fprintf(stderr, "unknown option %s\n", name); exit(2); }
  }
  if (options.window < 1 || options.window > WINDOW_MAX) {
    fprintf(stderr, "--window must be 1 to %d\n", WINDOW_MAX);
    exit(2);
  }
}

/* ── payloads: log lines as devices send them, each different, about 3 : 1 under LZ4 ──────────── */

static uint8_t *payloads;  /* PAYLOADS of them, each padded with spaces */

static uint32_t next_random(void) {
  static uint64_t state = 0x9e3779b97f4a7c15u;  /* the same bytes in every run and for every server */
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return (uint32_t)(state >> 32);
}

typedef struct {
  uint8_t *bytes;
  size_t length, room;
} Line;

/* Adds a field of a JSON object where it fits whole: a line is valid whatever its size. */
__attribute__((format(printf, 2, 3)))
static bool add_field(Line *line, const char *format, ...) {
  char text[256];
  va_list values;
  va_start(values, format);
  size_t length = (size_t)vsnprintf(text, sizeof text, format, values);
  va_end(values);
  if (line->length + length > line->room) return false;
  memcpy(line->bytes + line->length, text, length);
  line->length += length;
  return true;
}

static void make_payloads(void) {
  static const char *levels[] = { "info", "info", "info", "debug", "warn", "error" };
  static const char *components[] = { "sensor", "modem", "scheduler", "storage", "pump", "battery" };
  static const char *messages[] = {
    "reading taken", "link quality changed", "publish ok topic=telemetry", "retry scheduled",
    "valve position adjusted", "buffer flushed to flash",
  };
  size_t size = (size_t)options.payload_bytes;
  payloads = malloc((size_t)PAYLOADS * size);
  memset(payloads, ' ', (size_t)PAYLOADS * size);
  for (int i = 0; i < PAYLOADS; i++) {
    uint32_t r = next_random();
    Line line = { .bytes = payloads + (size_t)i * size, .room = size - 1 };
    add_field(&line, "{\"ts\":\"2026-01-01T%02u:%02u:%02u.%03uZ\"", r % 24, r / 24 % 60, r / 1440 % 60,
      r % 1000);
    add_field(&line, ",\"device\":\"gw-%05u\"", r % 1000);
    add_field(&line, ",\"level\":\"%s\"", levels[r / 7 % 6]);
    add_field(&line, ",\"component\":\"%s\"", components[r / 11 % 6]);
    add_field(&line, ",\"msg\":\"%s\"", messages[r / 13 % 6]);
    add_field(&line, ",\"seq\":%d", 100000 + i);
    add_field(&line, ",\"value\":%u.%02u", r % 90, r % 97);
    add_field(&line, ",\"rssi\":-%u", 40 + r % 50);
    while (add_field(&line, ",\"x\":%u", next_random() % 1000)) {}
    line.bytes[line.length] = '}';
  }
}

static const uint8_t *payload_of(const Connection *connection) {
  size_t i = ((size_t)connection->index * 131 + (size_t)connection->requests) % PAYLOADS;
  return payloads + i * (size_t)options.payload_bytes;
}

/* ── latencies: a histogram of bounded size, 1/64 of a power of two wide, from 1 µs ───────────── */

enum { STEPS_PER_DOUBLING = 64, BUCKETS = 32 * STEPS_PER_DOUBLING };
static long histogram[BUCKETS];
static double latency_max;

static void observe(double seconds) {
  if (seconds > latency_max) latency_max = seconds;
  double steps = log2(seconds * 1e6) * STEPS_PER_DOUBLING;
  int bucket = steps < 0 ? 0 : steps >= BUCKETS ? BUCKETS - 1 : (int)steps;
  histogram[bucket]++;
}

static double quantile_ms(double fraction) {
  long count = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i++) count += histogram[i];
  for (int i = 0; i < BUCKETS; i++) {
    seen += histogram[i];
    if (count > 0 && (double)seen >= fraction * (double)count) {
      return exp2((i + 0.5) / STEPS_PER_DOUBLING) / 1e3;
    }
  }
  return 0;
}

/* ── the run ──────────────────────────────────────────────────────────────────────────────────── */

static const Protocol *protocol;
static Connection *connections;
static int poller;
static long sent, answered, refused, counted, bytes_in, bytes_out;
static double started_at, counting_from;

static int connect_to(int port) {
  int descriptor = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address)) fail("connect");
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

static void read_whole(int descriptor, uint8_t *into, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t count = read(descriptor, into + done, length - done);
    if (count <= 0) fail("read the answer to the greeting");
    done += (size_t)count;
  }
}

static void greet(Connection *connection) {
  uint8_t bytes[512];
  size_t length = protocol->greeting(connection, bytes);
  if (write(connection->descriptor, bytes, length) != (ssize_t)length) fail("greet");
  read_whole(connection->descriptor, bytes, protocol->greeting_answer_bytes);
  if (!protocol->greeted(bytes)) { fprintf(stderr, "refused by the server\n"); exit(3); }
}

static void watch(Connection *connection, int operation) {
  struct epoll_event event = {
    .events = EPOLLIN | (connection->waits_for_room ? EPOLLOUT : 0),
    .data.u32 = (uint32_t)connection->index,
  };
  if (epoll_ctl(poller, operation, connection->descriptor, &event)) fail("watch a socket");
}

static void open_connection(int index) {
  Connection *connection = &connections[index];
  connection->index = index;
  connection->descriptor = connect_to(options.port);
  if (protocol->greeting) greet(connection);
  fcntl(connection->descriptor, F_SETFL, O_NONBLOCK);
  for (int slot = options.window; slot >= 1; slot--) {
    connection->free_slots[connection->free_count++] = (uint16_t)slot;
  }
  connection->out.capacity = protocol->request_bytes_max * (size_t)options.window;
  connection->out.bytes = malloc(connection->out.capacity);
  connection->in.capacity = 2048;
  connection->in.bytes = malloc(connection->in.capacity);
  watch(connection, EPOLL_CTL_ADD);
}

static bool is_due(double at) {
  return options.rate <= 0 || (double)sent < (at - started_at) * options.rate;
}

/* Fills the window with requests and writes what the socket takes. */
static void pump(Connection *connection, double at) {
  Buffer *out = &connection->out;
  if (out->done == out->length) out->done = out->length = 0;
  while (connection->free_count && sent < options.total && is_due(at) &&
         out->length + protocol->request_bytes_max <= out->capacity) {
    int slot = connection->free_slots[--connection->free_count];
    out->length += protocol->request(connection, slot, out->bytes + out->length);
    connection->sent_at[slot] = at;
    int tail = (connection->order_head + connection->order_count++) % WINDOW_MAX;
    connection->order[tail] = (uint16_t)slot;
    connection->requests++;
    sent++;
  }
  while (out->done < out->length) {
    ssize_t count = write(connection->descriptor, out->bytes + out->done, out->length - out->done);
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) fail("write");
    out->done += (size_t)count;
    bytes_out += count;
  }
  bool waits = out->done < out->length;
  if (waits != connection->waits_for_room) {
    connection->waits_for_room = waits;
    watch(connection, EPOLL_CTL_MOD);
  }
}

static void settle(Connection *connection, int slot, double at) {
  if (slot == 0) slot = connection->order[connection->order_head];
  connection->order_head = (connection->order_head + 1) % WINDOW_MAX;
  connection->order_count--;
  connection->free_slots[connection->free_count++] = (uint16_t)slot;
  answered++;
  if (at < counting_from) return;
  counted++;
  observe(at - connection->sent_at[slot]);
}

static void take_answers(Connection *connection, double at) {
  Buffer *in = &connection->in;
  size_t position = 0;
  while (position < in->length) {
    int slot = 0;
    long length = protocol->answer(in->bytes + position, in->length - position, &slot);
    if (length == 0) break;
    if (length < 0) {
      refused++;
      length = -length;
    }
    position += (size_t)length;
    settle(connection, slot, at);
  }
  memmove(in->bytes, in->bytes + position, in->length - position);
  in->length -= position;
}

/* False once the server has closed the connection. */
static bool receive(Connection *connection, double at) {
  Buffer *in = &connection->in;
  if (in->length == in->capacity) in->bytes = realloc(in->bytes, in->capacity *= 2);
  ssize_t count = read(connection->descriptor, in->bytes + in->length, in->capacity - in->length);
  if (count < 0) return errno == EAGAIN;
  if (count == 0) return false;
  in->length += (size_t)count;
  bytes_in += count;
  take_answers(connection, at);
  return true;
}

static void drive(void) {
  struct epoll_event events[EVENTS_MAX];
  double at = started_at;
  for (int i = 0; i < options.connections; i++) pump(&connections[i], now());
  for (int turn = 0; answered < options.total && at < started_at + options.seconds;) {
    int count = epoll_wait(poller, events, EVENTS_MAX, options.rate > 0 ? 1 : 100);
    at = now();
    if (options.rate > 0) pump(&connections[turn++ % options.connections], at);
    for (int i = 0; i < count; i++) {
      Connection *connection = &connections[events[i].data.u32];
      if ((events[i].events & (EPOLLIN | EPOLLHUP)) && !receive(connection, now())) {
        fprintf(stderr, "closed by the server after %ld answers\n", answered);
        exit(4);
      }
      if (options.rate <= 0 || connection->waits_for_room) pump(connection, now());
    }
  }
}

static void print_result(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  double seconds = now() - (counting_from > started_at ? counting_from : started_at);
  printf("{\"answered\":%ld,\"counted\":%ld,\"refused\":%ld,\"seconds\":%.4f,\"rate\":%.1f,"
    "\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f,\"bytes_in\":%ld,\"bytes_out\":%ld,"
    "\"generator_cpu_s\":%.3f}\n",
    answered, counted, refused, seconds, (double)counted / seconds, quantile_ms(0.5),
    quantile_ms(0.99), latency_max * 1e3, bytes_in, bytes_out, cpu);
}

static int run(const Protocol *spoken) {
  protocol = spoken;
  connections = calloc((size_t)options.connections, sizeof *connections);
  poller = epoll_create1(0);
  for (int i = 0; i < options.connections; i++) open_connection(i);
  started_at = now();
  counting_from = options.warmup > 0 ? started_at + options.warmup : 0;
  drive();
  print_result();
  return 0;
}
