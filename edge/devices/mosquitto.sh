#!/usr/bin/env bash
# Publishes a reading every second with mosquitto_pub.
#
#   ./mosquitto.sh [HOST] [DEVICE]
#
# QoS 1: mosquitto_pub returns once the gateway has the record on its disk. With -V mqttv5 a gateway
# that cannot store answers with a reason code instead of silence.
set -euo pipefail
host="${1:-127.0.0.1}"
device="${2:-$(hostname)}"

while true; do
  mosquitto_pub -h "$host" -p 1883 -V mqttv5 -q 1 -i "$device" \
    -t "devices/$device/logs" \
    -m "{\"at\":$(date +%s),\"load\":\"$(cut -d' ' -f1 /proc/loadavg)\"}"
  sleep 1
done
