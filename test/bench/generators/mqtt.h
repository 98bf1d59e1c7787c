/* Packets of MQTT 3.1.1 as the generators write them. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static size_t put_string(uint8_t *out, const char *text) {
  size_t length = strlen(text);
  out[0] = (uint8_t)(length >> 8);
  out[1] = (uint8_t)length;
  memcpy(out + 2, text, length);
  return length + 2;
}

static size_t put_connect(uint8_t *out, const char *client_id, bool clean) {
  static const uint8_t variable_header[] = { 0, 4, 'M', 'Q', 'T', 'T', 4, 0, 0, 240 };
  memcpy(out + 2, variable_header, sizeof variable_header);
  out[9] = clean ? 2 : 0;
  size_t length = sizeof variable_header + put_string(out + 12, client_id);
  out[0] = 0x10;
  out[1] = (uint8_t)length;  /* client identifiers are short: one byte of remaining length */
  return length + 2;
}

static size_t put_subscribe(uint8_t *out, const char *filter, int qos) {
  size_t length = 4 + put_string(out + 4, filter);
  out[0] = 0x82; out[2] = 0; out[3] = 1;
  out[length++] = (uint8_t)qos;
  out[1] = (uint8_t)(length - 2);  /* filters are short, too */
  return length;
}

/* A remaining length; returns where the packet goes on. */
static uint8_t *put_length(uint8_t *at, size_t rest) {
  do {
    uint8_t low = rest & 127;
    rest >>= 7;
    *at++ = rest ? low | 128 : low;
  } while (rest);
  return at;
}

/* The bytes of the packet at `in`, with its body's place; 0 where it is not whole yet. */
static size_t packet_size(const uint8_t *in, size_t length, size_t *body) {
  size_t remaining = 0, at = 1;
  for (int shift = 0; ; shift += 7) {
    if (at >= length) return 0;
    remaining |= (size_t)(in[at] & 127) << shift;
    if (in[at++] < 128) break;
  }
  *body = at;
  return at + remaining > length ? 0 : at + remaining;
}
