/* One message of an Inspector line: its parts, what of them a subscriber needs, and whether they are well-formed (docs/protocol.md). */
#ifndef MESSAGE_H
#define MESSAGE_H
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define WHOLE_MOST ((1LL << 53) - 1) /* no whole number on the wire is larger, but for times */

typedef struct {
    json_t *header, *body; /* owned */
    const char *type, *line, *camera, *epoch;
    bool numbered; /* false: a heartbeat or a repeated start */
    json_int_t number;
} message;

static inline bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static inline bool whole(json_t *value, json_int_t least) {
    return json_is_integer(value) && json_integer_value(value) >= least && json_integer_value(value) <= WHOLE_MOST;
}

static inline json_t *parse(zmq_msg_t *part) {
    return json_loadb(zmq_msg_data(part), zmq_msg_size(part), JSON_REJECT_DUPLICATES, NULL);
}

/* Reads a message into at most `most` parts, what comes behind them is dropped. Returns how many parts it had, -1 where none waits. */
static inline int take(void *socket, zmq_msg_t *parts, int most) {
    int count = 0;
    for (bool more = true; more; count++) {
        zmq_msg_t rest, *part = count < most ? &parts[count] : &rest;
        zmq_msg_init(part);
        if (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0) return -1; /* a message comes whole: only the first part can be absent */
        more = zmq_msg_more(part);
        if (part == &rest) zmq_msg_close(part);
    }
    return count;
}

static inline void drop(zmq_msg_t *parts, int count) {
    while (count-- > 0) zmq_msg_close(&parts[count]);
}

static inline const char *wrong_in_body(const message *m, bool blob) {
    const char *text;
    json_t *mask = json_object_get(m->body, "mask"), *frame = json_object_get(m->header, "frame"), *one, *two, *three;
    if (is(m->type, "result") && (json_unpack(m->body, "{s:s,s:s}", "verdict", &text, "reason", &text) || !whole(frame, 0)))
        return "a result without frame, verdict or reason";
    if (is(m->type, "gap") && (json_unpack(m->body, "{s:o,s:o,s:s,s:s}", "first", &one, "last", &two, "verdict", &text, "reason", &text) ||
                               !whole(one, 0) || !whole(two, json_integer_value(one))))
        return "a gap without frames, verdict or reason";
    if (is(m->type, "heartbeat") && (json_unpack(m->body, "{s:o,s:o,s:o}", "last_seq", &one, "interval_ms", &two, "recovery", &three) ||
                                     !whole(one, -1) || !whole(two, 1) || !(json_is_null(three) || json_is_string(three))))
        return "a heartbeat without last_seq, interval_ms or recovery";
    if (blob != (mask && !json_is_null(mask))) return "mask and blob do not fit each other";
    return NULL;
}

/* Fills `m`, which is to be forgotten whatever comes back: NULL, or what is wrong with the message. */
static inline const char *decode(zmq_msg_t *parts, int count, bool blob, message *m) {
    int protocol, simulated, durable;
    char topic[512];
    json_t *seq;
    memset(m, 0, sizeof *m);
    if (count < 3 || count > 4) return "it has not three or four parts";
    if (!(m->header = parse(&parts[1])) || !(m->body = parse(&parts[2])) || !json_is_object(m->body)) return "header or body is not JSON";
    if (json_unpack(m->header, "{s:i}", "protocol", &protocol) || protocol != 1) return "its protocol is not 1";
    if (json_unpack(m->header, "{s:s,s:s,s:s,s:s,s:o,s:b,s:b}", "type", &m->type, "line", &m->line, "camera", &m->camera, "epoch", &m->epoch,
                    "seq", &seq, "simulated", &simulated, "durable", &durable))
        return "a key of the header is absent or of another type";
    int length = snprintf(topic, sizeof topic, "v1/%s/%s/%s", m->line, m->camera, m->type);
    if (length >= (int)sizeof topic || zmq_msg_size(&parts[0]) != (size_t)length || memcmp(zmq_msg_data(&parts[0]), topic, length))
        return "its topic does not say what its header says";
    m->numbered = !is(m->type, "heartbeat") && !(is(m->type, "start") && json_is_true(json_object_get(m->body, "repeat")));
    m->number = json_integer_value(seq);
    if (m->numbered ? !whole(seq, 0) : !json_is_null(seq)) return "its seq does not fit its type";
    return wrong_in_body(m, blob);
}

static inline void forget(message *m) {
    json_decref(m->header);
    json_decref(m->body);
}

/* What is printed of a verdict: about one frame, or about all frames of a gap. NULL for other types. */
static inline json_t *verdict_of(const message *m, bool recovered) {
    static const char *const of_header[] = {"line", "camera", "epoch", "seq", "type", "run", "frame", "captured_unix_ns", "durable", "simulated"};
    static const char *const of_body[] = {"last", "verdict", "reason"};
    if (!is(m->type, "result") && !is(m->type, "gap")) return NULL;
    json_t *verdict = json_object();
    for (size_t k = 0; k < sizeof of_header / sizeof *of_header; k++)
        json_object_set(verdict, of_header[k], json_object_get(m->header, of_header[k]));
    for (size_t k = 0; k < sizeof of_body / sizeof *of_body; k++) json_object_set(verdict, of_body[k], json_object_get(m->body, of_body[k]));
    json_object_set_new(verdict, "recovered", json_boolean(recovered));
    return verdict;
}

#endif
