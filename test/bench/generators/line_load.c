/*
 * Log lines over plain TCP, as syslog senders do it: nothing is acknowledged, so the receiver's own
 * output tells what arrived. Sends TOTAL lines over C connections as fast as the sockets take them.
 *   line_load --port P --connections C --total LINES [--payload BYTES] [--seconds S]
 */
#include "load.h"
#include <poll.h>

enum { LINES_PER_WRITE = 100 };

int main(int count, char **words) {
  read_options(count, words);
  make_payloads();
  int *descriptors = malloc((size_t)options.connections * sizeof *descriptors);
  for (int i = 0; i < options.connections; i++) descriptors[i] = connect_to(options.port);
  size_t line_max = (size_t)options.payload_bytes + 64;
  char *block = malloc(line_max * LINES_PER_WRITE);
  started_at = now();
  long lines = 0;
  for (int turn = 0; lines < options.total && now() < started_at + options.seconds; turn++) {
    size_t length = 0;
    for (int i = 0; i < LINES_PER_WRITE; i++, lines++) {
      length += (size_t)sprintf(block + length, "<14>Jan  1 00:00:00 gw-%05d app: ", turn % 1000);
      memcpy(block + length, payloads + (size_t)(lines % PAYLOADS) * (size_t)options.payload_bytes,
        (size_t)options.payload_bytes);
      length += (size_t)options.payload_bytes;
      block[length++] = '\n';
    }
    int descriptor = descriptors[turn % options.connections];
    for (size_t done = 0; done < length;) {
      ssize_t written = write(descriptor, block + done, length - done);
      if (written < 0) fail("write");
      done += (size_t)written;
    }
    bytes_out += (long)length;
  }
  answered = counted = lines;
  print_result();
  return 0;
}
