/*
 * MQTT 3.1.1 publishers at QoS 1: a message counts when its PUBACK is there.
 *   mqtt_load --port P --connections C --window W [--topics N] [--payload BYTES] [--seconds S]
 * Each message of a connection goes to the next of its share of the N topics, so that 10 connections
 * can speak for 1,000 devices. With --hold FILTER it only leaves a persistent session behind, for
 * which a broker must keep what is published.
 */
#include "load.h"
#include "mqtt.h"

static size_t greeting(Connection *connection, uint8_t *out) {
  char client_id[64];
  snprintf(client_id, sizeof client_id, "%s-%05d", options.prefix, connection->index);
  return put_connect(out, client_id, true);
}

static bool greeted(const uint8_t *connack) { return connack[0] == 0x20 && connack[3] == 0; }

static size_t request(Connection *connection, int slot, uint8_t *out) {
  int share = options.topics / options.connections, topic = connection->index % options.topics;
  if (share > 1) topic = connection->index * share + (int)(connection->requests % share);
  char name[64];
  int name_bytes = snprintf(name, sizeof name, "site/%d/dev/%05d/log", topic % 24, topic);
  size_t remaining = 2 + (size_t)name_bytes + 2 + (size_t)options.payload_bytes;
  uint8_t *at = out;
  *at++ = 0x32;
  at = put_length(at, remaining);
  *at++ = (uint8_t)(name_bytes >> 8);
  *at++ = (uint8_t)name_bytes;
  memcpy(at, name, (size_t)name_bytes);
  at += name_bytes;
  *at++ = (uint8_t)(slot >> 8);
  *at++ = (uint8_t)slot;
  memcpy(at, payload_of(connection), (size_t)options.payload_bytes);
  return (size_t)(at - out) + (size_t)options.payload_bytes;
}

static long answer(const uint8_t *in, size_t length, int *slot) {
  if (length < 2 || length < 2u + in[1]) return 0;
  if (in[0] != 0x40) { fprintf(stderr, "unexpected packet 0x%02x\n", in[0]); exit(3); }
  *slot = in[2] << 8 | in[3];
  return 2 + in[1];
}

/* A session that stays, with a QoS 1 subscription: what a broker must then keep for it. */
static int hold_session(void) {
  uint8_t bytes[256];
  int descriptor = connect_to(options.port);
  size_t length = put_connect(bytes, options.prefix, false);
  if (write(descriptor, bytes, length) != (ssize_t)length) fail("greet");
  read_whole(descriptor, bytes, 4);
  length = put_subscribe(bytes, options.hold, 1);
  if (write(descriptor, bytes, length) != (ssize_t)length) fail("subscribe");
  read_whole(descriptor, bytes, 5);
  bool granted = bytes[0] == 0x90 && bytes[4] == 1;
  if (write(descriptor, "\xe0\0", 2) != 2) fail("disconnect");
  close(descriptor);
  return granted ? 0 : 3;
}

int main(int count, char **words) {
  read_options(count, words);
  if (options.hold) return hold_session();
  make_payloads();
  Protocol mqtt = {
    .greeting = greeting, .greeting_answer_bytes = 4, .greeted = greeted,
    .request_bytes_max = 128 + (size_t)options.payload_bytes, .request = request, .answer = answer,
  };
  return run(&mqtt);
}
