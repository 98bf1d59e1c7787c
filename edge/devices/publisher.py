"""Publishes a reading every second with paho-mqtt (pip install paho-mqtt).

    python3 publisher.py [HOST] [DEVICE]

QoS 1, one client kept open: paho queues while the gateway is away and sends again when it is back.
wait_for_publish() returns once the gateway has the record on its disk. Not QoS 2: after a reconnect
paho may publish again what it had released already, and then it is there twice.
"""

import json
import os
import socket
import sys
import time

import paho.mqtt.client as mqtt

host = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
device = sys.argv[2] if len(sys.argv) > 2 else socket.gethostname()

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=device, clean_session=False)
# client.username_pw_set("devices", "the token of that credential")
client.max_queued_messages_set(10_000)  # while the gateway is away
client.connect(host, 1883, keepalive=60)
client.loop_start()

while True:
    reading = json.dumps({"at": int(time.time()), "load": os.getloadavg()[0]})
    client.publish(f"devices/{device}/logs", reading, qos=1).wait_for_publish()
    time.sleep(1)
