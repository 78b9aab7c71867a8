/* RFC 6455 client side, as much as a load generator needs, carrying the message stream's JSON, Socket.IO packets, the messenger's events or the support desk's frames. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "load.h"

enum { OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };
static const unsigned char KEY[4] = {0x37, 0xfa, 0x21, 0x3d};

static void add_frame(struct buffer *out, int opcode, const char *payload, size_t length) {
  unsigned char head[8] = {(unsigned char)(0x80 | opcode)};
  size_t at = 2;
  if (length < 126) {
    head[1] = (unsigned char)(0x80 | length);
  } else {
    head[1] = 0x80 | 126;
    head[2] = (unsigned char)(length >> 8);
    head[3] = (unsigned char)length;
    at = 4;
  }
  memcpy(head + at, KEY, 4);
  buffer_add(out, head, at + 4);
  size_t start = out->length;
  buffer_add(out, payload, length);
  for (size_t i = 0; i < length; i++) out->bytes[start + i] ^= (char)KEY[i & 3];
}

void websocket_open(struct connection *connection, const char *target) {
  char request[4096];
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        target);
  buffer_add(&connection->out, request, (size_t)length);
}

/* The messenger's own events: a message is acknowledged by a packet with `ok`, and told to every member, the sender among them. */
static int messenger_send(char *text, size_t size, const struct message *m) {
  if (m->typing) return snprintf(text, size, "42%u[\"typing_%s\",\"%s\"]", m->sequence, m->sequence & 1 ? "start" : "end", m->chat);
  return snprintf(text, size, "42%u[\"send_message\",{\"chatId\":\"%s\",\"content\":\"%.*s\",\"clientMessageId\":\"%s\"}]", m->sequence, m->chat, CONTENT, m->content, m->sn);
}

void websocket_send(struct peer *peer, const struct message *m, enum wire wire) {
  char text[1024];
  int at = 0;
  if (wire == WIRE_MESSENGER) {
    at = messenger_send(text, sizeof text, m);
    add_frame(&peer->connection->out, OP_TEXT, text, (size_t)at);
    return;
  }
  if (wire == WIRE_SUPPORT) {
    at = snprintf(text, sizeof text, "{\"type\":\"send_message\",\"data\":{\"text\":\"%.*s\",\"client_id\":\"%s\"}}", CONTENT, m->content, m->sn);
    add_frame(&peer->connection->out, OP_TEXT, text, (size_t)at);
    return;
  }
  if (wire == WIRE_SOCKET_IO) at = snprintf(text, sizeof text, "42%u[\"send\",", m->sequence);
  at += snprintf(text + at, sizeof text - (size_t)at,
                 "{\"sn\":\"%s\",\"type\":2,\"postbox\":{\"posts\":[{\"postmark\":{\"category\":%d,\"sender\":\"%lu\",\"receiver\":\"%lu\"},"
                 "\"type\":1,\"text\":{\"content\":\"%.*s\"}}]}}%s",
                 m->sn, m->category, m->sender, m->receiver, CONTENT, m->content, wire == WIRE_SOCKET_IO ? "]" : "");
  add_frame(&peer->connection->out, OP_TEXT, text, (size_t)at);
}

/* Hexadecimal digits after the "bn" of the name that a send has: run, peer and sequence. */
enum { SN_DIGITS = 8 + 6 + 8 };

static uint32_t sequence_in(const char *digits) {
  char sequence[9] = {0};
  memcpy(sequence, digits + 8 + 6, 8);
  return (uint32_t)strtoul(sequence, NULL, 16);
}

/*
 * The answer to a send repeats the sn this generator chose: "bn", run, peer, and the sequence as 8 hexadecimal digits. It is
 * an ack when it has a postmark; a post that was refused has none.
 */
static void receive_stream(struct peer *peer, const char *payload, size_t length) {
  static const char ACK[] = "\"sn\":\"bn";
  const char *sn = memmem(payload, length < 200 ? length : 200, ACK, sizeof ACK - 1);
  if (!sn) {
    peer_delivered(peer, payload, length);
    return;
  }
  const char *digits = sn + sizeof ACK - 1;
  if (digits + SN_DIGITS > payload + length || !memmem(payload, length, "\"postmark\"", 10)) {
    peer_refused(peer, payload, length);
    return;
  }
  peer_acked(peer, sequence_in(digits));
}

static bool starts_with(const char *payload, size_t length, const char *start) {
  return length >= strlen(start) && memcmp(payload, start, strlen(start)) == 0;
}

/* Of the events only new messages and typing are deliveries; what else comes along, such as a sidebar's update, is read and passed over. */
static void receive_messenger(struct peer *peer, const char *payload, size_t length) {
  if (starts_with(payload, length, "42[\"new_message\"")) peer_delivered(peer, payload, length);
  else if (starts_with(payload, length, "42[\"typing_")) peer_told(peer);
  else if (starts_with(payload, length, "42")) return;
  else if (starts_with(payload, length, "43")) {
    if (memmem(payload, length, "\"ok\":true", 9)) peer_acked(peer, (uint32_t)strtoul(payload + 2, NULL, 10));
    else peer_refused(peer, payload, length);
  } else if (starts_with(payload, length, "40")) {
    peer_ready(peer);
  } else if (payload[0] == '0') add_frame(&peer->connection->out, OP_TEXT, "40", 2);
  else if (payload[0] == '2') add_frame(&peer->connection->out, OP_TEXT, "3", 1);
  else peer_refused(peer, payload, length);
}

/* The sender's own message comes back with the sender's name for it, which stands last; other frames, such as a chat's changes, are read and passed over. */
static void receive_support(struct peer *peer, const char *payload, size_t length) {
  static const char OWN[] = "\"client_id\":\"bn";
  enum { TAIL = 64 };
  if (starts_with(payload, length, "{\"type\":\"message_not_added\"")) peer_refused(peer, payload, length);
  if (!starts_with(payload, length, "{\"type\":\"message_added\"")) return;
  size_t from = length > TAIL ? length - TAIL : 0;
  const char *own = memmem(payload + from, length - from, OWN, sizeof OWN - 1);
  if (own && own + sizeof OWN - 1 + SN_DIGITS <= payload + length) peer_acked(peer, sequence_in(own + sizeof OWN - 1));
  else peer_delivered(peer, payload, length);
}

void websocket_join(struct peer *peer, const char *chat) {
  char text[256];
  int length = snprintf(text, sizeof text, "42[\"join_chat\",\"%s\"]", chat);
  add_frame(&peer->connection->out, OP_TEXT, text, (size_t)length);
}

static void receive_socket_io(struct peer *peer, const char *payload, size_t length) {
  if (length >= 2 && payload[0] == '4' && payload[1] == '2') peer_delivered(peer, payload, length);
  else if (length >= 3 && payload[0] == '4' && payload[1] == '3') peer_acked(peer, (uint32_t)strtoul(payload + 2, NULL, 10));
  else if (length >= 2 && payload[0] == '4' && payload[1] == '0') peer_ready(peer);
  else if (payload[0] == '0') add_frame(&peer->connection->out, OP_TEXT, "40", 2);
  else if (payload[0] == '2') add_frame(&peer->connection->out, OP_TEXT, "3", 1);
  else peer_refused(peer, payload, length);
}

static size_t receive_handshake(struct connection *connection, char *bytes, size_t length, enum wire wire) {
  char *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (!end) return 0;
  if (length < 12 || memcmp(bytes, "HTTP/1.1 101", 12) != 0) {
    *end = 0;
    connection_failed(connection, bytes);
    return length;
  }
  connection->open = true;
  if (wire == WIRE_STREAM || wire == WIRE_SUPPORT) peer_ready(connection->peers);
  return (size_t)(end - bytes) + 4;
}

size_t websocket_receive(struct connection *connection, char *bytes, size_t length, enum wire wire) {
  size_t at = 0;
  if (!connection->open) at = receive_handshake(connection, bytes, length, wire);
  while (connection->open && !connection->dead && length - at >= 2) {
    const unsigned char *head = (const unsigned char *)bytes + at;
    size_t size = head[1] & 0x7f, header = 2;
    if (size == 126) header = 4;
    if (size == 127) header = 10;
    if (length - at < header) break;
    if (size == 126) size = (size_t)head[2] << 8 | head[3];
    if (size == 127) {
      size = 0;
      for (int i = 2; i < 10; i++) size = size << 8 | head[i];
    }
    if (length - at < header + size) break;
    char *payload = bytes + at + header;
    int opcode = head[0] & 0x0f;
    if (opcode == OP_PING) add_frame(&connection->out, OP_PONG, payload, size);
    else if (opcode == OP_CLOSE) {
      char why[160];
      unsigned code = size >= 2 ? (unsigned)(unsigned char)payload[0] << 8 | (unsigned char)payload[1] : 0;
      snprintf(why, sizeof why, "closed by the server with %u %.*s", code, size > 2 ? (int)size - 2 : 0, payload + 2);
      connection_failed(connection, why);
    } else if (opcode != OP_PONG && size > 0) {
      if (wire == WIRE_STREAM) receive_stream(connection->peers, payload, size);
      else if (wire == WIRE_MESSENGER) receive_messenger(connection->peers, payload, size);
      else if (wire == WIRE_SUPPORT) receive_support(connection->peers, payload, size);
      else receive_socket_io(connection->peers, payload, size);
    }
    at += header + size;
  }
  return at;
}
