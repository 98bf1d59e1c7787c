// Publishes a reading every second from an ESP32, with the Arduino library "MQTT" by 256dpi, which
// unlike PubSubClient speaks QoS 1: publish() returns true once the gateway has the record on its
// disk. What was not acknowledged stays in the ring and is sent again.

#include <MQTT.h>
#include <WiFi.h>

const char* WIFI_NAME = "your network";
const char* WIFI_PASSWORD = "your password";
const char* GATEWAY = "192.168.1.10";
const char* DEVICE = "esp32-1";
const char* CREDENTIAL = "devices";  // name and token of a credential with the scope "produce"
const char* TOKEN = "change-me-0123456789";

const int RING_SIZE = 64;  // readings kept while the gateway is away; then the oldest goes
String ring[RING_SIZE];
int first = 0;
int count = 0;

WiFiClient network;
MQTTClient client(512);

void setup() {
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  client.begin(GATEWAY, 1883, network);
  client.setKeepAlive(60);
  client.setCleanSession(false);
}

void keep(const String& reading) {
  if (count == RING_SIZE) {
    first = (first + 1) % RING_SIZE;
    count--;
  }
  ring[(first + count) % RING_SIZE] = reading;
  count++;
}

void loop() {
  static unsigned long last = 0;
  if (millis() - last >= 1000) {
    last = millis();
    keep(String("{\"up_ms\":") + last + ",\"hall\":" + analogRead(34) + "}");
  }
  if (WiFi.status() != WL_CONNECTED) return;
  if (!client.connected()) client.connect(DEVICE, CREDENTIAL, TOKEN);
  client.loop();
  String topic = String("devices/") + DEVICE + "/logs";
  while (count > 0 && client.connected()) {
    if (!client.publish(topic, ring[first], false, 1)) return;
    first = (first + 1) % RING_SIZE;
    count--;
  }
}
