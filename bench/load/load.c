/*
 * The load generator: one process, one epoll loop, raw non-blocking sockets.
 *
 *   load --port P --wire stream|socket.io|messenger|grpc|support --targets FILE --first-user ID --streams K --server-pid PID
 *
 * FILE has one line per peer (user first-user, first-user+1, ...): the request target of its WebSocket, or its gRPC
 * token (K streams share one connection). Once all are open it prints {"event":"open",...} and obeys lines on standard input:
 *
 *   run fan-out|pairs|desk CATEGORY RECEIVER WINDOW RATE WARMUP SECONDS
 *
 *   chats FILE
 *
 * fan-out: peer 0 sends to RECEIVER. pairs: every even peer sends to the next one, RECEIVER is ignored. With RATE 0 each
 * sender keeps WINDOW messages unacknowledged; else RATE messages a second go out in all, each counted from the moment
 * it was due. Counts are taken over SECONDS after WARMUP; then sending stops, what is still due is awaited, and one line of JSON tells the result,
 * On the messenger's wire a message goes to a chat, and the sender is told of it as everybody in it: `chats` says which is whose, one line per peer.
 * On the support desk's wire every socket is bound to its chat, or is an operator's broadcast, by its request target. desk: the first `--operators N`
 * peers hear everything and say nothing; the others write, each in its own chat.
 * CATEGORY 3 sends no messages there, but that the sender types, and then no more, to those who have joined the chat. The line of the result comes
 * with the server's CPU (user and system, all threads, from /proc) and this process's own over exactly the same time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "histogram.h"
#include "load.h"
#include "proc.h"

enum { OPENING_AT_ONCE = 64, RECEIVE_SIZE = 1 << 20, EVENTS = 1024 };
enum { TYPING = 3 };
enum phase { OPENING, IDLE, WARMUP, MEASURE, DRAIN };
#define SECOND 1000000000ull
/* A server that opens no connection for so long will not open the rest. */
#define OPENING_PATIENCE (20 * SECOND)

struct counts {
  uint64_t at, acked, delivered, refused;
  double server_cpu, server_wait, own_cpu;
};

static struct {
  int epoll, timer, port;
  enum wire wire;
  long server_pid;
  uint64_t first_user;
  char **targets, **chats;
  struct peer *peers;
  struct connection *connections;
  bool join;
  uint32_t peer_count, connection_count, next_to_open, opening, ready_peers, operators;
  uint32_t *expected; /* with operators: the next sequence number at each of them from each sender */
  uint64_t opened_at;
} app;

static struct {
  enum phase phase;
  bool pairs, desk, typing;
  int category;
  uint64_t receiver;
  uint32_t window, nonce, next_sender, receivers_per_message;
  double rate, warmup, seconds;
  uint64_t started, sent, acked, delivered, refused, out_of_order, failed, last_progress, measure_at, stop_at;
  struct counts from, to;
  struct histogram delivery, ack;
} run;

static uint64_t now; /* CLOCK_MONOTONIC nanoseconds, refreshed after every wait and receive */

static uint64_t clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static void die(const char *why) {
  fprintf(stderr, "load: %s\n", why);
  exit(3);
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t length) {
  if (buffer->length + length > buffer->capacity) {
    buffer->capacity = (buffer->length + length) * 2;
    buffer->bytes = realloc(buffer->bytes, buffer->capacity);
    if (!buffer->bytes) die("out of memory");
  }
  memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

/* ---- what the wires report ---- */

static int hex(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

static uint64_t parse_hex(const char *text, int digits) {
  uint64_t value = 0;
  for (int i = 0; i < digits; i++) value = value << 4 | (uint64_t)(hex(text[i]) & 15);
  return value;
}

struct mark {
  char digits[MARKER - 2];
  uint64_t sent_at;
  uint32_t sequence, sender;
};

/* In a fan-out the same mark comes a thousand times: parsed once, then compared. */
static const struct mark *parse_mark(const char *digits) {
  static struct mark seen[256];
  struct mark *mark = &seen[((digits[22] ^ digits[28]) << 4 ^ digits[23] ^ digits[29]) & 255];
  if (memcmp(mark->digits, digits, sizeof mark->digits) != 0) {
    memcpy(mark->digits, digits, sizeof mark->digits);
    mark->sent_at = parse_hex(digits, 16);
    mark->sequence = (uint32_t)parse_hex(digits + 16, 8);
    mark->sender = (uint32_t)parse_hex(digits + 24, 6);
  }
  return mark;
}

void peer_ready(struct peer *peer) {
  peer->connection->ready_count++;
  app.ready_peers++;
  run.last_progress = now;
}

void peer_acked(struct peer *peer, uint32_t sequence) {
  run.acked++;
  run.last_progress = now;
  if (peer->in_flight > 0) peer->in_flight--;
  if (run.phase == MEASURE && peer->sent_at && peer->sent - sequence < ACK_RING) {
    uint64_t sent_at = peer->sent_at[sequence % ACK_RING];
    histogram_add(&run.ack, now > sent_at ? now - sent_at : 0);
  }
}

void peer_refused(struct peer *peer, const char *bytes, size_t length) {
  if (run.refused++ < 3) fprintf(stderr, "load: peer %u got an unexpected answer: %.*s\n", peer->number, (int)(length < 300 ? length : 300), bytes);
  if (peer->in_flight > 0) peer->in_flight--;
  run.last_progress = now;
}

static uint32_t *expected_from(struct peer *peer, uint32_t sender) {
  if (peer->number >= app.operators || sender >= app.peer_count) return &peer->expected;
  return &app.expected[(size_t)peer->number * app.peer_count + sender];
}

void peer_delivered(struct peer *peer, const char *payload, size_t length) {
  static size_t guess; /* where the content began last time: usually the same place */
  size_t at = 0;
  while (length - at >= CONTENT) {
    const char *content = payload + at + guess;
    if (guess + CONTENT > length - at || content[0] != '@' || content[1] != '@') {
      content = memmem(payload + at, length - at, "@@", 2);
      if (!content || content + CONTENT > payload + length) break;
      guess = (size_t)(content - payload) - at;
    }
    const struct mark *mark = parse_mark(content + 2);
    uint64_t sent_at = mark->sent_at;
    uint32_t sequence = mark->sequence;
    uint32_t *expected = expected_from(peer, mark->sender);
    if (sequence != *expected && *expected != 0 && run.out_of_order++ < 3)
      fprintf(stderr, "load: peer %u expected message %u and got %u\n", peer->number, *expected, sequence);
    *expected = sequence + 1;
    run.delivered++;
    if (run.phase == MEASURE) histogram_add(&run.delivery, now > sent_at ? now - sent_at : 0);
    at = (size_t)(content - payload) + CONTENT;
  }
  run.last_progress = now;
}

void peer_told(struct peer *peer) {
  (void)peer;
  run.delivered++;
  run.last_progress = now;
}

void connection_failed(struct connection *connection, const char *why) {
  if (connection->dead) return;
  connection->dead = true;
  if (run.failed++ < 3) fprintf(stderr, "load: connection of peer %u: %s\n", connection->peers->number, why);
}

/* ---- sending ---- */

static void flush(struct connection *connection) {
  struct buffer *out = &connection->out;
  while (out->length > 0 && !connection->dead) {
    ssize_t n = send(connection->fd, out->bytes, out->length, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) {
      connection_failed(connection, strerror(errno));
      break;
    }
    memmove(out->bytes, out->bytes + n, out->length - (size_t)n);
    out->length -= (size_t)n;
  }
  bool wants_write = out->length > 0 && !connection->dead;
  if (wants_write == connection->wants_write || connection->dead) return;
  connection->wants_write = wants_write;
  struct epoll_event event = {.events = EPOLLIN | (wants_write ? EPOLLOUT : 0), .data.ptr = connection};
  epoll_ctl(app.epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

static void send_message(struct peer *peer, uint64_t at) {
  static char content[CONTENT + 1];
  char sn[32];
  if (content[0] == 0) memset(content, 'x', CONTENT);
  uint32_t sequence = ++peer->sent;
  char mark[MARKER + 1];
  snprintf(mark, sizeof mark, "@@%016lx%08x%06x", at, sequence, peer->number & 0xffffff);
  memcpy(content, mark, MARKER);
  snprintf(sn, sizeof sn, "bn%08x%06x%08x", run.nonce, peer->number & 0xffffff, sequence);
  struct message message = {
      .category = run.category,
      .sender = app.first_user + peer->number,
      .typing = run.typing,
      .chat = app.chats ? app.chats[peer->number] : "",
      .receiver = run.pairs ? app.first_user + peer->number + 1 : run.receiver,
      .sn = sn,
      .content = content,
      .sequence = sequence,
  };
  peer->sent_at[sequence % ACK_RING] = at;
  peer->in_flight++;
  run.sent++;
  if (app.wire == WIRE_GRPC) grpc_send(peer, &message);
  else websocket_send(peer, &message, app.wire);
}

static void fill_window(struct peer *peer) {
  if (run.phase != WARMUP && run.phase != MEASURE) return;
  if (run.rate > 0) return;
  while (peer->in_flight < run.window) send_message(peer, now);
}

/* The first that sends, and how far it is to the next. */
static uint32_t first_sender(void) { return run.desk ? app.operators : 0; }
static uint32_t sender_step(void) { return run.desk ? 1 : run.pairs ? 2 : app.peer_count; }

static struct peer *next_sender(void) {
  uint32_t step = sender_step(), count = (app.peer_count - first_sender()) / step;
  return &app.peers[first_sender() + step * (run.next_sender++ % count)];
}

/* Sends everything that is due by now in a paced run. */
static void send_due(void) {
  if (run.rate <= 0 || (run.phase != WARMUP && run.phase != MEASURE)) return;
  for (;;) {
    uint64_t due = run.started + (uint64_t)((double)run.sent * 1e9 / run.rate);
    if (due > now) {
      struct itimerspec next = {.it_value = {(time_t)(due / SECOND), (long)(due % SECOND)}};
      timerfd_settime(app.timer, TFD_TIMER_ABSTIME, &next, NULL);
      return;
    }
    struct peer *peer = next_sender();
    send_message(peer, due);
    flush(peer->connection);
  }
}

/* ---- receiving ---- */

static void receive(struct connection *connection) {
  static char bytes[RECEIVE_SIZE];
  size_t carried = connection->carry.length;
  memcpy(bytes, connection->carry.bytes, carried);
  ssize_t n = recv(connection->fd, bytes + carried, RECEIVE_SIZE - carried, 0);
  if (n < 0 && errno == EAGAIN) return;
  now = clock_ns();
  if (n <= 0) {
    connection_failed(connection, n == 0 ? "ended by the server" : strerror(errno));
    return;
  }
  size_t length = carried + (size_t)n;
  size_t used = app.wire == WIRE_GRPC ? grpc_receive(connection, bytes, length) : websocket_receive(connection, bytes, length, app.wire);
  connection->carry.length = 0;
  if (used < length) buffer_add(&connection->carry, bytes + used, length - used);
  for (uint32_t i = 0; i < connection->peer_count; i++)
    if (connection->peers[i].sent_at) fill_window(&connection->peers[i]);
}

/* ---- counting ---- */

static struct counts count(void) {
  return (struct counts){.at = clock_ns(), .acked = run.acked, .delivered = run.delivered, .refused = run.refused, .server_cpu = cpu_seconds(app.server_pid), .server_wait = wait_seconds(app.server_pid), .own_cpu = own_cpu_seconds()};
}

static void print_latency(const char *name, const struct histogram *h) {
  printf(",\"%s\":{\"p50\":%.4f,\"p99\":%.4f,\"p999\":%.4f,\"max\":%.4f}", name, histogram_ms(h, 0.5), histogram_ms(h, 0.99), histogram_ms(h, 0.999), (double)h->max / 1e6);
}

static void report(void) {
  uint64_t owed = run.acked * run.receivers_per_message;
  printf("{\"event\":\"result\",\"seconds\":%.6f,\"acked\":%lu,\"delivered\":%lu,\"serverCpu\":%.3f,\"serverWait\":%.3f,\"generatorCpu\":%.6f", (double)(run.to.at - run.from.at) / 1e9,
         run.to.acked - run.from.acked, run.to.delivered - run.from.delivered, run.to.server_cpu - run.from.server_cpu, run.to.server_wait - run.from.server_wait, run.to.own_cpu - run.from.own_cpu);
  print_latency("delivery", &run.delivery);
  print_latency("ack", &run.ack);
  printf(",\"unacknowledged\":%lu,\"missing\":%ld,\"outOfOrder\":%lu,\"refused\":%lu,\"failed\":%lu}\n", run.sent - run.acked - run.refused, (long)owed - (long)run.delivered,
         run.out_of_order, run.refused, run.failed);
  fflush(stdout);
}

/* ---- phases ---- */

static void start_run(const char *line) {
  char kind[16];
  memset(&run, 0, sizeof run);
  if (sscanf(line, "run %15s %d %lu %u %lf %lf %lf", kind, &run.category, &run.receiver, &run.window, &run.rate, &run.warmup, &run.seconds) != 7) die("bad command");
  run.pairs = strcmp(kind, "pairs") == 0;
  run.desk = strcmp(kind, "desk") == 0;
  if (run.desk && (app.operators == 0 || app.operators >= app.peer_count)) die("a desk needs operators and clients");
  run.typing = run.category == TYPING;
  run.receivers_per_message = run.desk ? app.operators : run.pairs ? 1 : app.peer_count - 1;
  if (app.wire == WIRE_MESSENGER && !run.typing) run.receivers_per_message++;
  now = run.started = run.last_progress = clock_ns();
  run.nonce = (uint32_t)(now >> 10);
  run.measure_at = now + (uint64_t)(run.warmup * 1e9);
  run.stop_at = run.measure_at + (uint64_t)(run.seconds * 1e9);
  run.phase = WARMUP;
  for (uint32_t i = first_sender(); i < app.peer_count; i += sender_step()) {
    struct peer *peer = &app.peers[i];
    if (!peer->sent_at) peer->sent_at = calloc(ACK_RING, sizeof *peer->sent_at);
    peer->in_flight = 0;
    fill_window(peer);
    flush(peer->connection);
  }
  send_due();
}

static void step_run(void) {
  if (run.phase == WARMUP && now >= run.measure_at) {
    histogram_clear(&run.delivery);
    histogram_clear(&run.ack);
    run.from = count();
    run.phase = MEASURE;
  }
  if (run.phase == MEASURE && now >= run.stop_at) {
    run.to = count();
    run.phase = DRAIN;
    run.last_progress = now;
  }
  if (run.phase != DRAIN) return;
  bool complete = run.acked + run.refused == run.sent && run.delivered == run.acked * run.receivers_per_message;
  if (complete || now - run.last_progress > 2 * SECOND) {
    report();
    run.phase = IDLE;
  }
}

static uint32_t read_lines(const char *path, char ***lines) {
  FILE *file = fopen(path, "r");
  if (!file) die("cannot read a list");
  char *line = NULL;
  size_t size = 0;
  ssize_t n;
  uint32_t count = 0;
  while ((n = getline(&line, &size, file)) > 0) {
    if (line[n - 1] == '\n') line[n - 1] = 0;
    *lines = realloc(*lines, (count + 1) * sizeof **lines);
    (*lines)[count++] = strdup(line);
  }
  free(line);
  fclose(file);
  return count;
}

static void open_more(void) {
  while (app.opening < OPENING_AT_ONCE && app.next_to_open < app.connection_count) {
    struct connection *connection = &app.connections[app.next_to_open++];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)app.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->fd < 0) die(strerror(errno));
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0) die(strerror(errno));
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(app.epoll, EPOLL_CTL_ADD, connection->fd, &event);
    if (app.wire == WIRE_GRPC) grpc_open(connection, app.targets + (connection->peers - app.peers));
    else websocket_open(connection, app.targets[connection->peers - app.peers]);
    flush(connection);
    app.opening++;
  }
  if (run.phase == OPENING && app.ready_peers == app.peer_count) {
    run.phase = IDLE;
    printf("{\"event\":\"open\",\"peers\":%u,\"seconds\":%.3f}\n", app.peer_count, (double)(clock_ns() - app.opened_at) / 1e9);
    fflush(stdout);
  }
}

/* Every peer joins its chat, as a client does whose user looks at it. */
static void take_chats(char *path) {
  path[strcspn(path, "\n")] = 0;
  uint32_t count = read_lines(path, &app.chats);
  if (count != app.peer_count) die("needs one chat for each peer");
  for (uint32_t i = 0; i < count && app.join; i++) {
    websocket_join(&app.peers[i], app.chats[i]);
    flush(app.peers[i].connection);
  }
  printf("{\"event\":\"chats\"}\n");
  fflush(stdout);
}

/* One command at a time: false once standard input has ended. */
static bool read_command(void) {
  char line[256];
  ssize_t n = read(0, line, sizeof line - 1);
  if (n <= 0) return false;
  line[n] = 0;
  if (run.phase == IDLE && strncmp(line, "chats ", 6) == 0) take_chats(line + 6);
  else if (run.phase == IDLE) start_run(line);
  return true;
}

static void handle(struct connection *connection, uint32_t events) {
  if (connection->dead) return;
  bool was_ready = connection->ready_count == connection->peer_count;
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(connection);
  if (connection->out.length > 0) flush(connection);
  if (connection->dead) {
    epoll_ctl(app.epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    close(connection->fd);
    if (run.phase == OPENING) exit(3);
    return;
  }
  if (!was_ready && connection->ready_count == connection->peer_count) {
    app.opening--;
    open_more();
  }
}

static void loop(void) {
  static struct epoll_event events[EVENTS];
  for (;;) {
    int n = epoll_wait(app.epoll, events, EVENTS, run.phase == IDLE ? -1 : 5);
    now = clock_ns();
    for (int i = 0; i < n; i++) {
      if (events[i].data.ptr == &app.timer) {
        uint64_t expirations;
        if (read(app.timer, &expirations, sizeof expirations) < 0) continue;
      } else if (events[i].data.ptr == NULL) {
        if (!read_command()) return;
      } else {
        handle(events[i].data.ptr, events[i].events);
      }
    }
    now = clock_ns();
    send_due();
    if (run.phase > IDLE) step_run();
    if (run.phase == OPENING && now - run.last_progress > OPENING_PATIENCE) {
      fprintf(stderr, "load: %u of %u connections are open and no more come\n", app.ready_peers, app.peer_count);
      exit(3);
    }
  }
}

/* ---- start ---- */

static void lay_out(uint32_t streams) {
  app.connection_count = (app.peer_count + streams - 1) / streams;
  app.peers = calloc(app.peer_count, sizeof *app.peers);
  app.connections = calloc(app.connection_count, sizeof *app.connections);
  for (uint32_t i = 0; i < app.peer_count; i++) {
    struct connection *connection = &app.connections[i / streams];
    if (i % streams == 0) connection->peers = &app.peers[i];
    connection->peer_count++;
    app.peers[i].number = i;
    app.peers[i].connection = connection;
  }
}

static const char *option(int argc, char **argv, const char *name, const char *otherwise) {
  for (int i = 1; i + 1 < argc; i += 2)
    if (strcmp(argv[i], name) == 0) return argv[i + 1];
  return otherwise;
}

int main(int argc, char **argv) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_TIMERSLACK, 1000ul);
  const char *wire = option(argc, argv, "--wire", "stream");
  app.wire = strcmp(wire, "grpc") == 0 ? WIRE_GRPC : strcmp(wire, "socket.io") == 0 ? WIRE_SOCKET_IO : strcmp(wire, "messenger") == 0 ? WIRE_MESSENGER : strcmp(wire, "support") == 0 ? WIRE_SUPPORT : WIRE_STREAM;
  app.join = app.wire == WIRE_MESSENGER && strcmp(option(argc, argv, "--join", "no"), "yes") == 0;
  app.port = atoi(option(argc, argv, "--port", "0"));
  app.server_pid = atol(option(argc, argv, "--server-pid", "0"));
  app.first_user = strtoul(option(argc, argv, "--first-user", "1"), NULL, 10);
  app.peer_count = read_lines(option(argc, argv, "--targets", ""), &app.targets);
  if (app.peer_count < 2) die("needs two targets or more");
  app.operators = (uint32_t)atoi(option(argc, argv, "--operators", "0"));
  app.expected = calloc((size_t)app.operators * app.peer_count + 1, sizeof *app.expected);
  if (!app.expected) die("out of memory");
  lay_out(app.wire == WIRE_GRPC ? (uint32_t)atoi(option(argc, argv, "--streams", "1")) : 1);
  app.epoll = epoll_create1(0);
  app.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event timer = {.events = EPOLLIN, .data.ptr = &app.timer}, commands = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(app.epoll, EPOLL_CTL_ADD, app.timer, &timer);
  epoll_ctl(app.epoll, EPOLL_CTL_ADD, 0, &commands);
  now = run.last_progress = app.opened_at = clock_ns();
  open_more();
  loop();
  return 0;
}
