/*
 * MQTT 3.1.1 clients that connect and stay, as fast as the server lets them, --window at a time.
 *   idle_load --port P --connections C [--window W] [--prefix ID] [--filter FILTER]
 * Each subscribes to FILTER where there is one. One line of JSON says how long that took; then they
 * stay until standard input ends. A delay runs from connect() to CONNACK, or SUBACK.
 */
#include "load.h"
#include "mqtt.h"

typedef struct {
  int descriptor;
  size_t got;
  double begun_at;
} Client;

static Client *clients;
static int begun, ready;

static void begin_client(void) {
  int index = begun++;
  clients[index] = (Client){ .begun_at = now(), .descriptor = connect_to(options.port) };
  uint8_t bytes[512];
  char name[128];
  snprintf(name, sizeof name, "%s-%05d", options.prefix, index);
  /* Both packets at once, as clients may: the answers come one after the other. */
  size_t length = put_connect(bytes, name, true);
  if (options.filter) {
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(name, sizeof name, options.filter, index);
    length += put_subscribe(bytes + length, name, 1);
  }
  if (write(clients[index].descriptor, bytes, length) != (ssize_t)length) fail("greet");
  fcntl(clients[index].descriptor, F_SETFL, O_NONBLOCK);
  struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)index };
  if (epoll_ctl(poller, EPOLL_CTL_ADD, clients[index].descriptor, &event)) fail("watch a socket");
}

static void hear(Client *client) {
  uint8_t bytes[64];
  ssize_t count = read(client->descriptor, bytes, sizeof bytes);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) { fprintf(stderr, "closed by the server: %d of %d there\n", ready, begun); exit(4); }
  if (client->got == 0 && (bytes[0] != 0x20 || (count > 3 && bytes[3] != 0))) {
    fprintf(stderr, "refused by the server: %d of %d there\n", ready, begun);
    exit(3);
  }
  client->got += (size_t)count;
  if (client->got < (options.filter ? 9u : 4u)) return;
  observe(now() - client->begun_at);
  ready++;
  if (begun < options.connections) begin_client();
}

int main(int count, char **words) {
  options.window = 64;
  read_options(count, words);
  clients = calloc((size_t)options.connections, sizeof *clients);
  poller = epoll_create1(0);
  started_at = now();
  while (begun < options.connections && begun < options.window) begin_client();
  while (ready < options.connections) {
    struct epoll_event events[EVENTS_MAX];
    int found = epoll_wait(poller, events, EVENTS_MAX, 10000);
    if (found == 0) { fprintf(stderr, "no answer: %d of %d there\n", ready, begun); return 4; }
    for (int i = 0; i < found; i++) hear(&clients[events[i].data.u32]);
  }
  double seconds = now() - started_at;
  printf("{\"connected\":%d,\"seconds\":%.4f,\"rate\":%.1f,\"p50_ms\":%.4f,\"p99_ms\":%.4f}\n",
    ready, seconds, ready / seconds, quantile_ms(0.5), quantile_ms(0.99));
  fflush(stdout);
  uint8_t byte;
  while (read(0, &byte, 1) > 0) {}
  /* Whoever was closed meanwhile is not there any more. */
  int there = 0;
  for (int i = 0; i < options.connections; i++) {
    there += recv(clients[i].descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }
  printf("{\"there\":%d}\n", there);
  return 0;
}
