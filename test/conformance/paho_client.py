"""A client in another language: paho-mqtt for Python, against the server at HOST PORT.

Runs one scenario for each version of MQTT and prints what it saw as one line of JSON each.
Every wait is bounded; the exit code is not 0 when something did not come.
"""

import json
import queue
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

HOST, PORT = sys.argv[1], int(sys.argv[2])
WAIT_S = 20


def properties(packet, **values):
    result = Properties(packet)
    for name, value in values.items():
        setattr(result, name, value)
    return result


class Client:
    """One connection, whose events are waited for in turn."""

    def __init__(self, version, name, lasting=False, will=None):
        self.messages = queue.Queue()
        self.events = queue.Queue()
        self.five = version == mqtt.MQTTv5
        clean = {} if self.five else {"clean_session": not lasting}
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=version, **clean
        )
        self.client.on_message = lambda _c, _u, message: self.messages.put(message)
        self.client.on_connect = lambda _c, _u, flags, code, _p: self.events.put(
            ("connect", flags.session_present, code.value)
        )
        self.client.on_subscribe = lambda _c, _u, _m, codes, _p: self.events.put(
            ("subscribe", [code.value for code in codes])
        )
        self.client.on_unsubscribe = lambda _c, _u, _m, _codes, _p: self.events.put(("unsubscribe",))
        if will is not None:
            self.client.will_set(will, "gone", qos=1)
        extra = {}
        if self.five:
            expiry = 600 if lasting else 0
            extra = {
                "clean_start": not lasting,
                "properties": properties(PacketTypes.CONNECT, SessionExpiryInterval=expiry),
            }
        self.client.connect(HOST, PORT, keepalive=30, **extra)
        self.client.loop_start()
        self.connected = self.event("connect")

    def event(self, kind):
        event = self.events.get(timeout=WAIT_S)
        assert event[0] == kind, event
        return event[1:]

    def subscribe(self, name, qos):
        self.client.subscribe(name, qos)
        return self.event("subscribe")[0]

    def unsubscribe(self, name):
        self.client.unsubscribe(name)
        self.event("unsubscribe")

    def publish(self, name, payload, qos, retain=False, **values):
        extra = {"properties": properties(PacketTypes.PUBLISH, **values)} if self.five else {}
        info = self.client.publish(name, payload, qos, retain, **extra)
        info.wait_for_publish(WAIT_S)
        assert info.is_published()

    def take(self, count):
        return [self.messages.get(timeout=WAIT_S) for _ in range(count)]

    def leave(self):
        self.client.disconnect()
        self.client.loop_stop()

    def vanish(self):
        self.client.loop_stop()
        self.client.socket().close()


def by_qos(messages):
    """The order of each QoS: the client shows QoS 2 when it is released, later than QoS 1."""
    return [[one.qos, one.payload.decode()] for one in sorted(messages, key=lambda one: one.qos)]


def scenario(version, name):
    base = f"paho/{name}"
    seen = {"version": name}
    publisher = Client(version, f"{name}-pub")
    subscriber = Client(version, f"{name}-sub", lasting=True)
    seen["granted"] = [subscriber.subscribe(f"{base}/{qos}/+", qos) for qos in (0, 1, 2)]
    for qos in (0, 1, 2):
        for nth in range(20):
            publisher.publish(f"{base}/{qos}/x", f"{nth}", qos)
    seen["live"] = by_qos(subscriber.take(60))
    subscriber.leave()
    for nth in range(20):
        publisher.publish(f"{base}/2/x", f"{nth}", 1 + nth % 2)
    subscriber = Client(version, f"{name}-sub", lasting=True)
    seen["present"] = subscriber.connected[0]
    seen["missed"] = by_qos(subscriber.take(20))
    subscriber.unsubscribe(f"{base}/2/+")
    publisher.publish(f"{base}/kept", "kept", 1, retain=True)
    subscriber.subscribe(f"{base}/kept", 1)
    kept = subscriber.take(1)[0]
    seen["retained"] = [kept.payload.decode(), kept.retain]
    subscriber.subscribe(f"{base}/will", 1)
    Client(version, f"{name}-will", will=f"{base}/will").vanish()
    seen["will"] = subscriber.take(1)[0].payload.decode()
    if version == mqtt.MQTTv5:
        subscriber.subscribe(f"{base}/ask", 1)
        pairs = [("b", "1"), ("a", "2"), ("b", "1")]
        values = {"ResponseTopic": "answer", "CorrelationData": b"\x00\xff", "UserProperty": pairs}
        publisher.publish(f"{base}/ask", "?", 1, ContentType="text/plain", **values)
        asked = subscriber.take(1)[0].properties
        seen["properties"] = [
            asked.ResponseTopic,
            list(asked.CorrelationData),
            asked.ContentType,
            asked.UserProperty,
        ]
    publisher.publish(f"{base}/kept", "", 1, retain=True)
    subscriber.leave()
    publisher.leave()
    return seen


for protocol, label in ((mqtt.MQTTv311, "3.1.1"), (mqtt.MQTTv5, "5")):
    print(json.dumps(scenario(protocol, label)), flush=True)
