/*
 * MQTT 3.1.1 publishers and subscribers in one: a message counts when it is read from a subscriber's
 * socket, and its delay runs from the moment it was queued for its publisher's.
 *   fanout_load --port P --connections PUBLISHERS --subscribers S --qos Q --window W [--rate N]
 *               [--payload BYTES] [--seconds S] [--warmup S] [--server PID]
 * Every subscriber gets what every publisher sends. A publisher has at most W messages out that have
 * not reached all of them; so nothing is queued anywhere without bound, whatever the QoS. With --rate
 * so many are published a second over all publishers. Each payload begins with
 *   publisher u32, slot u32, sequence u64 of the publisher from 1 on, seconds f64
 * Numbers that are passed over are lost; those that come late or again are counted, too. The CPU time
 * of the server, which is another process here, is that of the part that is counted.
 */
#include "load.h"
#include "mqtt.h"

enum { STAMP_BYTES = 24, READ_BYTES = 65536 };
static const double LOST_AFTER_S = 5, DRAIN_S = 5;

typedef struct {
  int descriptor, index;
  bool subscribes, waits_for_room, is_open;
  Buffer out, in;
} Party;

typedef struct {
  uint64_t sequence;
  double sent_at;
  int waiting;  /* subscribers that it has not reached */
} Slot;

static Party *parties;
static Slot *slots;            /* of each publisher, --window */
static uint64_t *sequences;    /* of each publisher: the last one sent */
static uint64_t *seen;         /* of each subscriber and publisher: the last one read */
static long deliveries, late_or_twice, acknowledged, lagging;
static double counting_until, server_cpu_from, server_cpu;

static void put_out(Party *party, const uint8_t *bytes, size_t length) {
  Buffer *out = &party->out;
  if (out->length + length > out->capacity) {
    while (out->length + length > out->capacity) out->capacity = 2 * out->capacity + 4096;
    out->bytes = realloc(out->bytes, out->capacity);
  }
  memcpy(out->bytes + out->length, bytes, length);
  out->length += length;
}

static void watch_party(Party *party, int operation) {
  struct epoll_event event = {
    .events = EPOLLIN | (party->waits_for_room ? EPOLLOUT : 0), .data.u32 = (uint32_t)party->index,
  };
  if (epoll_ctl(poller, operation, party->descriptor, &event)) fail("watch a socket");
}

static void flush_party(Party *party) {
  Buffer *out = &party->out;
  while (out->done < out->length) {
    ssize_t count = write(party->descriptor, out->bytes + out->done, out->length - out->done);
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) fail("write");
    out->done += (size_t)count;
    bytes_out += count;
  }
  bool waits = out->done < out->length;
  if (!waits) out->done = out->length = 0;
  if (waits != party->waits_for_room) {
    party->waits_for_room = waits;
    watch_party(party, EPOLL_CTL_MOD);
  }
}

static void open_party(int index) {
  Party *party = &parties[index];
  bool subscribes = index >= options.connections;
  uint8_t bytes[256];
  char id[64];
  *party = (Party){ .descriptor = connect_to(options.port), .index = index, .subscribes = subscribes };
  snprintf(id, sizeof id, "%s-%05d", subscribes ? "sub" : "pub", index);
  size_t length = put_connect(bytes, id, true);
  if (write(party->descriptor, bytes, length) != (ssize_t)length) fail("greet");
  read_whole(party->descriptor, bytes, 4);
  if (bytes[0] != 0x20 || bytes[3] != 0) { fprintf(stderr, "refused by the server\n"); exit(3); }
  if (subscribes) {
    const char *filter = options.connections == 1 ? "site/0/dev/00000/log" : "site/#";
    length = put_subscribe(bytes, filter, options.qos);
    if (write(party->descriptor, bytes, length) != (ssize_t)length) fail("subscribe");
    read_whole(party->descriptor, bytes, 5);
    if (bytes[0] != 0x90 || bytes[4] != options.qos) { fprintf(stderr, "not subscribed\n"); exit(3); }
  }
  fcntl(party->descriptor, F_SETFL, O_NONBLOCK);
  party->in.bytes = malloc(party->in.capacity = READ_BYTES);
  watch_party(party, EPOLL_CTL_ADD);
}

static void publish(int publisher, int slot, double at) {
  static uint8_t bytes[1 << 16];
  Slot *place = &slots[publisher * options.window + slot];
  *place = (Slot){ .sequence = ++sequences[publisher], .sent_at = at, .waiting = options.subscribers };
  char name[64];
  int name_bytes = snprintf(name, sizeof name, "site/%d/dev/%05d/log", publisher % 24, publisher);
  uint8_t *end = bytes;
  *end++ = (uint8_t)(0x30 | options.qos << 1);
  end = put_length(end, 2 + (size_t)name_bytes + (options.qos ? 2 : 0) + (size_t)options.payload_bytes);
  end += put_string(end, name);
  if (options.qos) {
    unsigned id = (unsigned)(place->sequence % 65535) + 1;
    *end++ = (uint8_t)(id >> 8);
    *end++ = (uint8_t)id;
  }
  memcpy(end, payloads + (size_t)((publisher * 131 + (long)place->sequence) % PAYLOADS * options.payload_bytes),
    (size_t)options.payload_bytes);
  uint32_t who[2] = { (uint32_t)publisher, (uint32_t)slot };
  memcpy(end, who, 8);
  memcpy(end + 8, &place->sequence, 8);
  memcpy(end + 16, &at, 8);
  put_out(&parties[publisher], bytes, (size_t)(end - bytes) + (size_t)options.payload_bytes);
  sent++;
}

/* A slot is free when its message reached everyone, or never will. */
static int free_slot(int publisher, double at) {
  for (int slot = 0; slot < options.window; slot++) {
    Slot *place = &slots[publisher * options.window + slot];
    if (place->waiting == 0 || at - place->sent_at > LOST_AFTER_S) return slot;
  }
  return -1;
}

static void pump_publisher(int publisher, double at) {
  if (at >= counting_until) return;
  for (int slot; (slot = free_slot(publisher, at)) >= 0; ) publish(publisher, slot, at);
  flush_party(&parties[publisher]);
}

/* As many as are due; one that finds no slot is not published, and says so. */
static void pump_due(double at) {
  static int next;
  static long due_so_far;
  while (at < counting_until && (double)due_so_far < (at - started_at) * options.rate) {
    due_so_far++;
    int publisher = next++ % options.connections, slot = free_slot(publisher, at);
    if (slot < 0) { lagging++; continue; }
    publish(publisher, slot, at);
    flush_party(&parties[publisher]);
  }
}

/* Returns the publisher whose message this was the last delivery of; -1: none. */
static int delivered(int subscriber, const uint8_t *payload, double at) {
  uint32_t who[2];
  uint64_t sequence;
  double sent_at;
  memcpy(who, payload, 8);
  memcpy(&sequence, payload + 8, 8);
  memcpy(&sent_at, payload + 16, 8);
  uint64_t *last = &seen[(size_t)subscriber * (size_t)options.connections + who[0]];
  if (sequence <= *last) { late_or_twice++; return -1; }
  *last = sequence;
  deliveries++;
  if (at >= counting_from && at < counting_until) {
    counted++;
    observe(at - sent_at);
  }
  Slot *place = &slots[who[0] * (uint32_t)options.window + who[1]];
  return place->sequence == sequence && --place->waiting == 0 ? (int)who[0] : -1;
}

static void take_packet(Party *party, const uint8_t *packet, size_t body) {
  if (packet[0] >> 4 == 4) { acknowledged++; return; }
  if (packet[0] >> 4 != 3) { fprintf(stderr, "unexpected packet 0x%02x\n", packet[0]); exit(3); }
  const uint8_t *at = packet + body;
  at += 2 + (at[0] << 8 | at[1]);
  if (packet[0] >> 1 & 3) {
    uint8_t puback[4] = { 0x40, 2, at[0], at[1] };
    put_out(party, puback, 4);
    at += 2;
  }
  int publisher = delivered(party->index - options.connections, at, now());
  if (publisher >= 0 && options.rate <= 0) pump_publisher(publisher, now());
}

static void receive_party(Party *party) {
  Buffer *in = &party->in;
  ssize_t count = read(party->descriptor, in->bytes + in->length, in->capacity - in->length);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) { fprintf(stderr, "closed by the server after %ld deliveries\n", deliveries); exit(4); }
  in->length += (size_t)count;
  bytes_in += count;
  size_t position = 0, size, body;
  while ((size = packet_size(in->bytes + position, in->length - position, &body))) {
    take_packet(party, in->bytes + position, body);
    position += size;
  }
  memmove(in->bytes, in->bytes + position, in->length - position);
  in->length -= position;
  flush_party(party);
}

/* User and system time of the server so far. */
static double server_cpu_seconds(void) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", options.server);
  FILE *file = options.server ? fopen(path, "r") : NULL;
  size_t length = file ? fread(line, 1, sizeof line - 1, file) : 0;
  if (file) fclose(file);
  line[length] = 0;
  /* The name in parentheses may hold spaces: fields are counted from behind it. */
  const char *behind = strrchr(line, ')');
  const char *format = ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu";
  unsigned long user, system;
  if (!behind || sscanf(behind, format, &user, &system) < 2) return 0;
  return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void note_server_cpu(double at) {
  if (server_cpu_from == 0 && at >= counting_from) server_cpu_from = server_cpu_seconds();
  if (server_cpu == 0 && at >= counting_until) server_cpu = server_cpu_seconds() - server_cpu_from;
}

static void drive_parties(void) {
  struct epoll_event events[EVENTS_MAX];
  started_at = now();
  counting_from = started_at + options.warmup;
  counting_until = started_at + options.seconds;
  for (double at = started_at, quiet_since = 0; ; at = now()) {
    bool over = at >= counting_until;
    note_server_cpu(at);
    if (over && deliveries + late_or_twice >= sent * options.subscribers) break;
    if (options.rate > 0) pump_due(at);
    /* Slots that were given up are found here. */
    else if (!over) for (int i = 0; i < options.connections; i++) {
      if (at == started_at || at - slots[i * options.window].sent_at > LOST_AFTER_S) pump_publisher(i, at);
    }
    int count = epoll_wait(poller, events, EVENTS_MAX, options.rate > 0 ? 1 : 100);
    if (count > 0 || !over) quiet_since = now();
    if (over && now() - quiet_since > DRAIN_S) break;
    for (int i = 0; i < count; i++) {
      Party *party = &parties[events[i].data.u32];
      if (events[i].events & (EPOLLIN | EPOLLHUP)) receive_party(party);
      if (events[i].events & EPOLLOUT) flush_party(party);
    }
  }
}

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **words) {
  read_options(count, words);
  if (options.payload_bytes < STAMP_BYTES || options.subscribers < 1 || options.qos > 1) {
    fprintf(stderr, "want --payload of %d or more, --subscribers, --qos 0 or 1\n", STAMP_BYTES);
    return 2;
  }
  make_payloads();
  int all = options.connections + options.subscribers;
  parties = calloc((size_t)all, sizeof *parties);
  slots = calloc((size_t)(options.connections * options.window), sizeof *slots);
  sequences = calloc((size_t)options.connections, sizeof *sequences);
  seen = calloc((size_t)options.connections * (size_t)options.subscribers, sizeof *seen);
  poller = epoll_create1(0);
  /* Subscribers first: nothing is published that one of them is not there for. */
  for (int i = all; i-- > 0; ) open_party(i);
  double cpu_before = cpu_seconds();
  drive_parties();
  double took = options.seconds - options.warmup;
  printf("{\"answered\":%ld,\"counted\":%ld,\"refused\":0,\"seconds\":%.4f,\"rate\":%.1f,"
    "\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f,\"bytes_in\":%ld,\"bytes_out\":%ld,"
    "\"generator_cpu_s\":%.3f,\"published\":%ld,\"acknowledged\":%ld,\"lost\":%ld,"
    "\"late_or_twice\":%ld,\"lagging\":%ld,\"server_cpu_s\":%.3f}\n",
    deliveries, counted, took, (double)counted / took, quantile_ms(0.5), quantile_ms(0.99),
    latency_max * 1e3, bytes_in, bytes_out, cpu_seconds() - cpu_before, sent, acknowledged,
    sent * options.subscribers - deliveries, late_or_twice, lagging,
    server_cpu);
  return 0;
}
