/* What the parts of the load generator share: connections, the peers on them, and what counts as an ack or a delivery. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire { WIRE_STREAM, WIRE_SOCKET_IO, WIRE_MESSENGER, WIRE_GRPC, WIRE_SUPPORT };
/* A content begins with "@@", the time it was sent (16 hexadecimal digits), its sequence (8) and its sender's number (6). */
enum { CONTENT = 200, MARKER = 32, ACK_RING = 4096 };

/* A growing byte buffer; `length` bytes at `bytes` are in use. */
struct buffer {
  char *bytes;
  size_t length, capacity;
};

/* One user: a WebSocket connection, or one gRPC stream of an HTTP/2 connection. */
struct peer {
  struct connection *connection;
  uint32_t number;      /* from 0; the user id is first_user + number */
  uint32_t stream_id;   /* gRPC only */
  uint32_t sent;        /* sequence number of the last message sent, from 1 */
  uint32_t in_flight;
  uint32_t expected;    /* next sequence number to be delivered here */
  uint64_t received_since_update; /* gRPC: bytes not yet given back to the flow-control window */
  struct buffer partial;          /* gRPC: a message split over DATA frames */
  uint64_t *sent_at;    /* ring of ACK_RING send times, senders only */
};

struct connection {
  int fd;
  bool open, wants_write, dead;
  struct peer *peers;
  uint32_t peer_count, ready_count;
  uint64_t received_since_update;
  struct buffer carry; /* bytes of an unfinished frame */
  struct buffer out;   /* bytes the socket did not take yet */
};

struct message {
  int category;
  bool typing;         /* messenger only: no message, but that the sender types or has stopped */
  uint64_t sender, receiver;
  const char *chat;    /* messenger only */
  const char *sn;      /* NUL-terminated */
  const char *content; /* CONTENT bytes */
  uint32_t sequence;
};

void buffer_add(struct buffer *buffer, const void *bytes, size_t length);

/* Called by a wire for what it finds in the bytes of a connection. */
void peer_ready(struct peer *peer);
void peer_acked(struct peer *peer, uint32_t sequence);
void peer_refused(struct peer *peer, const char *bytes, size_t length);
void peer_delivered(struct peer *peer, const char *payload, size_t length);
/* A delivery that carries nothing to know it by. */
void peer_told(struct peer *peer);
void connection_failed(struct connection *connection, const char *why);

/* Appends the opening of a connection to its `out`; `targets` has one line per peer (a request target, or a gRPC token). */
void websocket_open(struct connection *connection, const char *target);
/* Messenger only: asks for what is told to those who look at a chat. */
void websocket_join(struct peer *peer, const char *chat);
void grpc_open(struct connection *connection, char *const *tokens);

/* Appends one send to the `out` of the peer's connection. */
void websocket_send(struct peer *peer, const struct message *message, enum wire wire);
void grpc_send(struct peer *peer, const struct message *message);

/* Consumes whole frames from `bytes` and returns how many bytes were used. */
size_t websocket_receive(struct connection *connection, char *bytes, size_t length, enum wire wire);
size_t grpc_receive(struct connection *connection, char *bytes, size_t length);
