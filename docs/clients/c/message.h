/* One message of an Inspector line: its parts, what of them a subscriber needs, and whether they are what docs/protocol.md says.
 *
 * Header, results, gaps and heartbeats are checked key by key; of the other types only what numbering needs, because nothing else of them is used. */
#ifndef MESSAGE_H
#define MESSAGE_H
#include "keys.h"
#include <stdio.h>
#include <zmq.h>

typedef struct {
    json_t *header, *body; /* owned */
    const char *type, *line, *camera, *epoch;
    bool numbered; /* false: a heartbeat or a repeated start */
    json_int_t number;
} message;

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

static inline const char *wrong_in_verdict(const message *m) {
    bool gap = is(m->type, "gap");
    const char *verdict = json_string_value(json_object_get(m->body, "verdict")), *reason = json_string_value(json_object_get(m->body, "reason"));
    json_t *frame = json_object_get(m->header, "frame"), *frames = json_object_get(m->body, "frames");
    if (!json_is_integer(frame) || !json_is_integer(json_object_get(m->header, "captured_unix_ns"))) return "a verdict about no frame";
    if (!reason_fits(verdict, reason) || (gap && !is(verdict, "UNINSPECTED"))) return "a verdict with the reason of another";
    if (gap && (!json_equal(frame, json_object_get(m->body, "first")) || !json_is_null(json_object_get(m->header, "deadline_unix_ns")) ||
                json_integer_value(json_object_get(m->body, "last")) < json_integer_value(frame)))
        return "a gap whose frames do not fit each other";
    if (is(reason, "gate_clean") &&
        (json_is_null(json_object_get(m->body, "gate_score")) || json_is_object(json_object_get(m->body, "mask")) ||
         json_object_size(json_object_get(m->body, "pixels")) || json_object_size(json_object_get(m->body, "defect_pixels")) ||
         json_array_size(json_object_get(m->body, "defects"))))
        return "a frame that is clean for the gate, with pixels or without a score";
    for (size_t k = 0; k < json_array_size(frames); k++)
        if (WRONG(json_array_get(frames, k), of_sheet_frame)) return "a sheet with a frame that is none";
    return NULL;
}

/* Fills `m`, which is to be forgotten whatever comes back: NULL, or what is wrong with the message. Good until the next call. */
static inline const char *decode(zmq_msg_t *parts, int count, message *m) {
    static char wrong[200];
    char topic[200];
    const char *key;
    memset(m, 0, sizeof *m);
    if (count < 3 || count > 4) return "it has not three or four parts";
    if (!(m->header = parse(&parts[1])) || !(m->body = parse(&parts[2])) || !json_is_object(m->body)) return "header or body is not JSON";
    if (json_integer_value(json_object_get(m->header, "protocol")) != 1) return "its protocol is not 1";
    if ((key = WRONG(m->header, of_header)))
        return snprintf(wrong, sizeof wrong, "header: %s is absent, of another kind or out of its bounds", key), wrong;
    m->type = json_string_value(json_object_get(m->header, "type")), m->line = json_string_value(json_object_get(m->header, "line"));
    m->camera = json_string_value(json_object_get(m->header, "camera")), m->epoch = json_string_value(json_object_get(m->header, "epoch"));
    int length = snprintf(topic, sizeof topic, "v1/%s/%s/%s", m->line, m->camera, m->type);
    if (zmq_msg_size(&parts[0]) != (size_t)length || memcmp(zmq_msg_data(&parts[0]), topic, length))
        return "its topic does not say what its header says";
    json_t *seq = json_object_get(m->header, "seq");
    m->numbered = !is(m->type, "heartbeat") && !(is(m->type, "start") && json_is_true(json_object_get(m->body, "repeat")));
    m->number = json_integer_value(seq);
    if (json_is_integer(seq) != m->numbered) return "its seq does not fit its type";
    bool sheet = is(m->type, "result") && is(m->camera, "sheet");
    if ((is(m->type, "result") && (key = WRONG(m->body, of_result))) || (sheet && (key = WRONG(m->body, of_sheet))) ||
        (is(m->type, "gap") && (key = WRONG(m->body, of_gap))) || (is(m->type, "heartbeat") && (key = WRONG(m->body, of_heartbeat))))
        return snprintf(wrong, sizeof wrong, "%s: %s is absent, of another kind or out of its bounds", m->type, key), wrong;
    if ((count == 4 && zmq_msg_size(&parts[3]) > 0) != json_is_object(json_object_get(m->body, "mask"))) return "mask and blob do not fit each other";
    return is(m->type, "result") || is(m->type, "gap") ? wrong_in_verdict(m) : NULL;
}

static inline void forget(message *m) {
    json_decref(m->header);
    json_decref(m->body);
}

/* What is printed of a verdict: about one frame, or about all frames of a gap. NULL for other types. */
static inline json_t *verdict_of(const message *m, bool recovered) {
    static const char *const from_header[] = {"line", "camera", "epoch", "seq", "type", "run", "frame", "captured_unix_ns", "durable", "simulated"};
    static const char *const from_body[] = {"last", "verdict", "reason"};
    if (!is(m->type, "result") && !is(m->type, "gap")) return NULL;
    json_t *verdict = json_object();
    for (size_t k = 0; k < COUNT(from_header); k++) json_object_set(verdict, from_header[k], json_object_get(m->header, from_header[k]));
    for (size_t k = 0; k < COUNT(from_body); k++) json_object_set(verdict, from_body[k], json_object_get(m->body, from_body[k]));
    json_object_set_new(verdict, "recovered", json_boolean(recovered));
    return verdict;
}

#endif
