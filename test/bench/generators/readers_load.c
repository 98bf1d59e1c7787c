/*
 * One producer over HTTP and many readers of what it sends: tails (server-sent events) and long
 * polls. A delivery counts when it is read from a reader's socket; its delay runs from the moment
 * its request was queued.
 *   readers_load --port P --connections POLLS --subscribers TAILS --stuck OF_THEM --rate N --lines L
 *                --path /v1/topics/t [--payload BYTES] [--seconds S] [--warmup S]
 * N requests a second, of L records each. Tails and polls begin at the end; the stuck ones begin at
 * the earliest record and read nothing, so that a topic with some megabytes fills all there is
 * between. Each record begins with "@sequence,microseconds;", in digits. Numbers that are passed over
 * are lost; those that come late or again are counted, too.
 */
#include "load.h"

enum { READ_BYTES = 256 * 1024, IN_FLIGHT_MAX = 64 };
static const double DRAIN_S = 5;

typedef enum { PRODUCER, TAIL, POLL, STUCK } Kind;

typedef struct {
  Kind kind;
  int descriptor, index;
  bool waits_for_room;
  Buffer out, in;
  long last;            /* the last sequence it had */
  long next_offset;     /* of a poll */
  bool in_body;         /* of a tail: the head of the answer is over */
  long chunk;           /* of a tail: bytes of the chunk still to come; -1: its size comes next */
  Buffer text;          /* of a tail: what was within chunks, and not looked at */
} Reader;

static Reader *readers;
static long sequence, deliveries[4], late_or_twice, lagging, unanswered, published;
static long poll_histogram[BUCKETS];
static double poll_max, counting_until;

static void append(Buffer *buffer, const void *bytes, size_t length) {
  if (buffer->length + length > buffer->capacity) {
    while (buffer->length + length > buffer->capacity) buffer->capacity = 2 * buffer->capacity + 4096;
    buffer->bytes = realloc(buffer->bytes, buffer->capacity);
  }
  memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

static void drop(Buffer *buffer, size_t length) {
  memmove(buffer->bytes, buffer->bytes + length, buffer->length - length);
  buffer->length -= length;
}

static void watch_reader(Reader *reader, int operation) {
  struct epoll_event event = {
    .events = EPOLLIN | (reader->waits_for_room ? EPOLLOUT : 0), .data.u32 = (uint32_t)reader->index,
  };
  if (epoll_ctl(poller, operation, reader->descriptor, &event)) fail("watch a socket");
}

static void flush_reader(Reader *reader) {
  Buffer *out = &reader->out;
  while (out->done < out->length) {
    ssize_t count = write(reader->descriptor, out->bytes + out->done, out->length - out->done);
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) fail("write");
    out->done += (size_t)count;
    bytes_out += count;
  }
  bool waits = out->done < out->length;
  if (!waits) out->done = out->length = 0;
  if (waits != reader->waits_for_room) {
    reader->waits_for_room = waits;
    watch_reader(reader, EPOLL_CTL_MOD);
  }
}

static void ask(Reader *reader, const char *format, ...) {
  char text[512];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(text, sizeof text, format, values);
  va_end(values);
  append(&reader->out, text, (size_t)length);
  flush_reader(reader);
}

static void poll_again(Reader *reader) {
  ask(reader, "GET %s/partitions/0/records?offset=%ld&max_wait_ms=50000 HTTP/1.1\r\nHost: x\r\n"
    "Accept: application/x-ndjson\r\n\r\n", options.path, reader->next_offset);
}

static void produce(Reader *producer, double at) {
  static Buffer body;
  body.length = 0;
  for (int i = 0; i < options.lines; i++) {
    char stamp[64];
    int length = snprintf(stamp, sizeof stamp, "@%ld,%.0f;", ++sequence, at * 1e6);
    append(&body, stamp, (size_t)length);
    append(&body, payloads + (size_t)(sequence % PAYLOADS * options.payload_bytes),
      (size_t)options.payload_bytes);
    append(&body, "\n", 1);
  }
  char head[256];
  int length = snprintf(head, sizeof head, "POST %s/records HTTP/1.1\r\nHost: x\r\n"
    "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", options.path, body.length);
  append(&producer->out, head, (size_t)length);
  append(&producer->out, body.bytes, body.length);
  flush_reader(producer);
  unanswered++;
  published += options.lines;
}

static void observe_poll(double seconds) {
  if (seconds > poll_max) poll_max = seconds;
  double steps = log2(seconds * 1e6) * STEPS_PER_DOUBLING;
  poll_histogram[steps < 0 ? 0 : steps >= BUCKETS ? BUCKETS - 1 : (int)steps]++;
}

static double poll_quantile_ms(double fraction) {
  static long kept[BUCKETS];
  memcpy(kept, histogram, sizeof kept);
  memcpy(histogram, poll_histogram, sizeof kept);
  double quantile = quantile_ms(fraction);
  memcpy(histogram, kept, sizeof kept);
  return quantile;
}

/* Takes the records in some text; returns how much of it is done with. */
static size_t take_records(Reader *reader, const uint8_t *text, size_t length, double at) {
  static const char marker[] = "\"value\":\"@";
  const size_t marker_bytes = sizeof marker - 1;
  size_t done = 0;
  for (const uint8_t *found; (found = memmem(text + done, length - done, marker, marker_bytes)); ) {
    const uint8_t *end = memchr(found, ';', length - (size_t)(found - text));
    if (!end) return (size_t)(found - text);
    done = (size_t)(end - text);
    long number;
    double sent_us;
    if (sscanf((const char *)found + marker_bytes, "%ld,%lf", &number, &sent_us) != 2) continue;
    if (number <= reader->last) { late_or_twice++; continue; }
    reader->last = number;
    deliveries[reader->kind]++;
    if (at < counting_from || at >= counting_until) continue;
    counted++;
    if (reader->kind == POLL) observe_poll(at - sent_us / 1e6);
    else observe(at - sent_us / 1e6);
  }
  return length > marker_bytes && length - marker_bytes > done ? length - marker_bytes : done;
}

/* Undoes the chunks of a tail's answer. */
static void take_tail(Reader *reader, double at) {
  Buffer *in = &reader->in;
  size_t position = 0;
  if (!reader->in_body) {
    uint8_t *end = memmem(in->bytes, in->length, "\r\n\r\n", 4);
    if (!end) return;
    if (memcmp(in->bytes, "HTTP/1.1 200", 12)) { fprintf(stderr, "a tail was refused\n"); exit(3); }
    position = (size_t)(end - in->bytes) + 4;
    reader->in_body = true;
    reader->chunk = -1;
  }
  while (position < in->length) {
    uint8_t *from = in->bytes + position;
    size_t left = in->length - position;
    if (reader->chunk < 0) {
      uint8_t *end = memmem(from, left, "\r\n", 2);
      if (!end) break;
      if (end != from) reader->chunk = strtol((char *)from, NULL, 16);
      position += (size_t)(end - from) + 2;
      if (reader->chunk == 0) { fprintf(stderr, "a tail ended\n"); exit(4); }
      continue;
    }
    size_t size = left < (size_t)reader->chunk ? left : (size_t)reader->chunk;
    append(&reader->text, from, size);
    position += size;
    reader->chunk -= (long)size;
    if (reader->chunk == 0) reader->chunk = -1;
  }
  drop(in, position);
  drop(&reader->text, take_records(reader, reader->text.bytes, reader->text.length, at));
}

/* Whole answers of a poll or of the producer. */
static void take_answers_of(Reader *reader, double at) {
  Buffer *in = &reader->in;
  for (;;) {
    uint8_t *end = memmem(in->bytes, in->length, "\r\n\r\n", 4);
    if (!end) return;
    size_t head = (size_t)(end - in->bytes) + 4;
    *end = 0;
    char *size = strcasestr((char *)in->bytes, "\r\ncontent-length:");
    long length = size ? atol(size + 17) : -1;
    bool refused_it = memcmp(in->bytes, "HTTP/1.1 200", 12) != 0;
    if (length < 0 || refused_it) {
      fprintf(stderr, "unexpected answer: %.300s\n", (char *)in->bytes);
      exit(3);
    }
    char *next = strcasestr((char *)in->bytes, "\r\nlogboom-next-offset:");
    long next_offset = next ? atol(next + 22) : -1;
    *end = '\r';
    if (in->length < head + (size_t)length) return;
    if (reader->kind == POLL) {
      take_records(reader, in->bytes + head, (size_t)length, at);
      reader->next_offset = next_offset;
    } else {
      unanswered--;
    }
    drop(in, head + (size_t)length);
    if (reader->kind == POLL) poll_again(reader);
  }
}

static void receive_reader(Reader *reader) {
  static uint8_t bytes[READ_BYTES];
  ssize_t count = read(reader->descriptor, bytes, sizeof bytes);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) { fprintf(stderr, "reader %d was closed by the server\n", reader->index); exit(4); }
  append(&reader->in, bytes, (size_t)count);
  bytes_in += count;
  if (reader->kind == TAIL) take_tail(reader, now());
  else take_answers_of(reader, now());
}

/* Where the topic ends. */
static long end_offset(void) {
  char text[4096];
  int descriptor = connect_to(options.port);
  int length = snprintf(text, sizeof text,
    "GET %s/partitions/0/records?offset=latest HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    options.path);
  if (write(descriptor, text, (size_t)length) != length) fail("ask where the topic ends");
  size_t done = 0;
  for (ssize_t count; (count = read(descriptor, text + done, sizeof text - 1 - done)) > 0; ) {
    done += (size_t)count;
  }
  close(descriptor);
  text[done] = 0;
  char *found = strcasestr(text, "\r\nlogboom-next-offset:");
  if (!found) { fprintf(stderr, "cannot tell where the topic ends: %s\n", text); exit(3); }
  return atol(found + 22);
}

static void open_reader(int index, Kind kind, long end) {
  Reader *reader = &readers[index];
  *reader = (Reader){ .kind = kind, .index = index, .next_offset = end };
  reader->descriptor = connect_to(options.port);
  fcntl(reader->descriptor, F_SETFL, O_NONBLOCK);
  /* A small window is full at once; a large one would have the server fill it for a minute. */
  int window = 32 * 1024;
  if (kind == STUCK) setsockopt(reader->descriptor, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
  if (kind != STUCK) watch_reader(reader, EPOLL_CTL_ADD);
  if (kind == POLL) poll_again(reader);
  if (kind == TAIL || kind == STUCK) {
    ask(reader, "GET %s/tail?from=%s HTTP/1.1\r\nHost: x\r\n\r\n", options.path,
      kind == STUCK ? "earliest" : "latest");
  }
}

static bool all_delivered(int tails) {
  return deliveries[TAIL] >= published * tails && deliveries[POLL] >= published * options.connections;
}

static void drive_readers(Reader *producer, int tails) {
  struct epoll_event events[EVENTS_MAX];
  long due = 0;
  double quiet_since = 0;
  started_at = now();
  counting_from = started_at + options.warmup;
  counting_until = started_at + options.seconds;
  for (double at = started_at; ; at = now()) {
    bool over = at >= counting_until;
    if (over && all_delivered(tails)) return;
    while (!over && at >= started_at + 1 && (double)due < (at - started_at - 1) * options.rate) {
      due++;
      if (unanswered >= IN_FLIGHT_MAX) lagging++;
      else produce(producer, now());
    }
    int count = epoll_wait(poller, events, EVENTS_MAX, 1);
    if (count > 0 || !over) quiet_since = now();
    if (over && now() - quiet_since > DRAIN_S) return;
    for (int i = 0; i < count; i++) {
      Reader *reader = &readers[events[i].data.u32];
      if (events[i].events & (EPOLLIN | EPOLLHUP)) receive_reader(reader);
      if (events[i].events & EPOLLOUT) flush_reader(reader);
    }
  }
}

/* Of those who read nothing: whom the server has cut off. */
static int count_cut(int all) {
  int cut = 0;
  for (int i = 0; i < all; i++) {
    int error = 0;
    socklen_t size = sizeof error;
    if (readers[i].kind != STUCK) continue;
    getsockopt(readers[i].descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) cut++;
  }
  return cut;
}

int main(int count, char **words) {
  options.lines = 1;
  read_options(count, words);
  make_payloads();
  int all = 1 + options.subscribers + options.connections, tails = options.subscribers - options.stuck;
  readers = calloc((size_t)all, sizeof *readers);
  poller = epoll_create1(0);
  long end = end_offset();
  open_reader(0, PRODUCER, 0);
  for (int i = 1; i < all; i++) {
    open_reader(i, i <= options.stuck ? STUCK : i <= options.subscribers ? TAIL : POLL, end);
  }
  fprintf(stderr, "there\n");
  drive_readers(&readers[0], tails);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  double took = options.seconds - options.warmup;
  long wanted = published * (tails + options.connections), had = deliveries[TAIL] + deliveries[POLL];
  printf("{\"answered\":%ld,\"counted\":%ld,\"refused\":0,\"seconds\":%.4f,\"rate\":%.1f,"
    "\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f,\"bytes_in\":%ld,\"bytes_out\":%ld,"
    "\"generator_cpu_s\":%.3f,\"published\":%ld,\"lost\":%ld,\"late_or_twice\":%ld,\"lagging\":%ld,"
    "\"tails_answered\":%ld,\"polls_answered\":%ld,\"poll_p50_ms\":%.4f,\"poll_p99_ms\":%.4f,"
    "\"poll_max_ms\":%.4f,\"stuck_cut\":%d}\n",
    had, counted, took, (double)counted / took, quantile_ms(0.5), quantile_ms(0.99),
    latency_max * 1e3, bytes_in, bytes_out, cpu, published, wanted - had, late_or_twice, lagging,
    deliveries[TAIL], deliveries[POLL], poll_quantile_ms(0.5), poll_quantile_ms(0.99),
    poll_max * 1e3, count_cut(all));
  return 0;
}
