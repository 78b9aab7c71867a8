/*
 * HTTP/2 client side (RFC 9113) with gRPC framing for /appootb.message.Chat/Interact, as much as a load generator needs:
 * header blocks are sent as plain HPACK literals and never decoded when received, so no table is kept.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "load.h"

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7, WINDOW_UPDATE = 8 };
enum { FLAG_ACK = 1, FLAG_END_STREAM = 1, FLAG_END_HEADERS = 4, FLAG_PADDED = 8 };
enum { GIVE_BACK = 1 << 29, FRAME_HEAD = 9, GRPC_HEAD = 5 };

static void add_uint32(struct buffer *out, uint32_t value) {
  unsigned char bytes[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16), (unsigned char)(value >> 8), (unsigned char)value};
  buffer_add(out, bytes, 4);
}

static void add_head(struct buffer *out, size_t length, int type, int flags, uint32_t stream) {
  unsigned char head[5] = {(unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length, (unsigned char)type, (unsigned char)flags};
  buffer_add(out, head, 5);
  add_uint32(out, stream);
}

static void add_string(struct buffer *block, const char *text) {
  size_t length = strlen(text);
  unsigned char byte = (unsigned char)(length < 127 ? length : 127);
  buffer_add(block, &byte, 1);
  if (length >= 127)
    for (size_t rest = length - 127;; rest >>= 7) {
      byte = (unsigned char)(rest < 128 ? rest : (rest & 127) | 128);
      buffer_add(block, &byte, 1);
      if (rest < 128) break;
    }
  buffer_add(block, text, length);
}

static void add_header(struct buffer *block, const char *name, const char *value) {
  buffer_add(block, "\0", 1); /* literal without indexing, new name */
  add_string(block, name);
  add_string(block, value);
}

void grpc_open(struct connection *connection, char *const *tokens) {
  struct buffer *out = &connection->out, block = {0};
  buffer_add(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
  add_head(out, 6, SETTINGS, 0, 0);
  buffer_add(out, "\0\4", 2); /* SETTINGS_INITIAL_WINDOW_SIZE */
  add_uint32(out, 0x7fffffff);
  add_head(out, 4, WINDOW_UPDATE, 0, 0);
  add_uint32(out, 0x7fffffff - 65535);
  for (uint32_t i = 0; i < connection->peer_count; i++) {
    block.length = 0;
    add_header(&block, ":method", "POST");
    add_header(&block, ":scheme", "http");
    add_header(&block, ":path", "/appootb.message.Chat/Interact");
    add_header(&block, ":authority", "127.0.0.1");
    add_header(&block, "content-type", "application/grpc");
    add_header(&block, "te", "trailers");
    add_header(&block, "token", tokens[i]);
    connection->peers[i].stream_id = 2 * i + 1;
    add_head(out, block.length, HEADERS, FLAG_END_HEADERS, 2 * i + 1);
    buffer_add(out, block.bytes, block.length);
  }
  add_head(out, 8, PING, 0, 0); /* its answer means that the server has read every request above */
  buffer_add(out, "switchbd", 8);
  free(block.bytes);
}

static size_t put_varint(char *at, uint64_t value) {
  size_t n = 0;
  for (; value >= 128; value >>= 7) at[n++] = (char)((value & 127) | 128);
  at[n++] = (char)value;
  return n;
}

static size_t put_bytes(char *at, int field, const char *bytes, size_t length) {
  size_t n = put_varint(at, (uint64_t)field << 3 | 2);
  n += put_varint(at + n, length);
  memcpy(at + n, bytes, length);
  return n + length;
}

static size_t put_number(char *at, int field, uint64_t value) {
  size_t n = put_varint(at, (uint64_t)field << 3);
  return n + put_varint(at + n, value);
}

/* Stream { sn=1, type=3 MESSAGES, postbox=11 { posts=1 { postmark=1 {category=1 sender=2 receiver=3}, type=2 TEXT, text=10 { content=1 } } } } */
void grpc_send(struct peer *peer, const struct message *m) {
  char mark[64], text[CONTENT + 16], post[CONTENT + 128], box[CONTENT + 160], stream[CONTENT + 256];
  size_t mark_length = put_number(mark, 1, (uint64_t)m->category);
  mark_length += put_number(mark + mark_length, 2, m->sender);
  mark_length += put_number(mark + mark_length, 3, m->receiver);
  size_t text_length = put_bytes(text, 1, m->content, CONTENT);
  size_t post_length = put_bytes(post, 1, mark, mark_length);
  post_length += put_number(post + post_length, 2, 1);
  post_length += put_bytes(post + post_length, 10, text, text_length);
  size_t box_length = put_bytes(box, 1, post, post_length);
  size_t length = put_bytes(stream, 1, m->sn, strlen(m->sn));
  length += put_number(stream + length, 3, 2);
  length += put_bytes(stream + length, 11, box, box_length);
  struct buffer *out = &peer->connection->out;
  add_head(out, GRPC_HEAD + length, DATA, 0, peer->stream_id);
  buffer_add(out, "\0", 1);
  add_uint32(out, (uint32_t)length);
  buffer_add(out, stream, length);
}

static void receive_message(struct peer *peer, const char *message, size_t length) {
  if (length < 26 || message[0] != 0x0a || message[2] != 'b' || message[3] != 'n') {
    peer_delivered(peer, message, length);
    return;
  }
  char sequence[9] = {0};
  memcpy(sequence, message + 4 + 8 + 6, 8);
  /* An ack holds a postbox (field 11, wire type 2) with something in it; a post that was refused is not in it. */
  const char *postbox = memchr(message + 26, 0x5a, length - 26);
  if (postbox && postbox + 1 < message + length && postbox[1] > 0) peer_acked(peer, (uint32_t)strtoul(sequence, NULL, 16));
  else peer_refused(peer, message, length);
}

static size_t receive_messages(struct peer *peer, const char *bytes, size_t length) {
  size_t at = 0;
  while (length - at >= GRPC_HEAD) {
    const unsigned char *head = (const unsigned char *)bytes + at;
    size_t size = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
    if (length - at < GRPC_HEAD + size) break;
    receive_message(peer, bytes + at + GRPC_HEAD, size);
    at += GRPC_HEAD + size;
  }
  return at;
}

static void receive_data(struct peer *peer, const char *bytes, size_t length) {
  if (peer->partial.length > 0) {
    buffer_add(&peer->partial, bytes, length);
    size_t used = receive_messages(peer, peer->partial.bytes, peer->partial.length);
    memmove(peer->partial.bytes, peer->partial.bytes + used, peer->partial.length - used);
    peer->partial.length -= used;
    return;
  }
  size_t used = receive_messages(peer, bytes, length);
  if (used < length) buffer_add(&peer->partial, bytes + used, length - used);
}

static void give_back(struct connection *connection, struct peer *peer, size_t length) {
  connection->received_since_update += length;
  peer->received_since_update += length;
  if (connection->received_since_update > GIVE_BACK) {
    add_head(&connection->out, 4, WINDOW_UPDATE, 0, 0);
    add_uint32(&connection->out, (uint32_t)connection->received_since_update);
    connection->received_since_update = 0;
  }
  if (peer->received_since_update > GIVE_BACK) {
    add_head(&connection->out, 4, WINDOW_UPDATE, 0, peer->stream_id);
    add_uint32(&connection->out, (uint32_t)peer->received_since_update);
    peer->received_since_update = 0;
  }
}

static void receive_frame(struct connection *connection, int type, int flags, uint32_t stream, const char *payload, size_t size) {
  struct peer *peer = stream > 0 && (stream - 1) / 2 < connection->peer_count ? &connection->peers[(stream - 1) / 2] : NULL;
  if (type == DATA && peer) {
    if (size > 0) {
      give_back(connection, peer, size);
      receive_data(peer, payload, size);
    }
    if (flags & FLAG_END_STREAM) connection_failed(connection, "stream ended by the server");
  } else if (type == HEADERS && (flags & FLAG_END_STREAM)) {
    connection_failed(connection, "stream ended by the server (trailers)");
  } else if (type == RST_STREAM) {
    connection_failed(connection, "stream reset by the server");
  } else if (type == GOAWAY) {
    connection_failed(connection, "GOAWAY from the server");
  } else if (type == SETTINGS && !(flags & FLAG_ACK)) {
    add_head(&connection->out, 0, SETTINGS, FLAG_ACK, 0);
  } else if (type == PING && !(flags & FLAG_ACK)) {
    add_head(&connection->out, 8, PING, FLAG_ACK, 0);
    buffer_add(&connection->out, payload, 8);
  } else if (type == PING && !connection->open) {
    connection->open = true;
    for (uint32_t i = 0; i < connection->peer_count; i++) peer_ready(&connection->peers[i]);
  }
}

size_t grpc_receive(struct connection *connection, char *bytes, size_t length) {
  size_t at = 0;
  while (!connection->dead && length - at >= FRAME_HEAD) {
    const unsigned char *head = (const unsigned char *)bytes + at;
    size_t size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    if (length - at < FRAME_HEAD + size) break;
    uint32_t stream = ((uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8]) & 0x7fffffff;
    receive_frame(connection, head[3], head[4], stream, bytes + at + FRAME_HEAD, size);
    at += FRAME_HEAD + size;
  }
  return at;
}
