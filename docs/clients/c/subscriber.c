/* A subscriber to the results of an Inspector line, with recovery and CURVE: C99, libzmq, jansson. Apache-2.0, as the whole project.
 *
 * Prints every verdict once, in the order of `seq`, as a line of JSON on stdout. What it missed it asks for over the recovery socket;
 * what it could not get, and whatever else a person should know, is a line of JSON on stderr.
 * Exit status: 0 nothing is missing, 3 something is, 2 wrong options, 1 it could not begin. */
#define _POSIX_C_SOURCE 200809L
#include "stream.h"
#include <time.h>

#define PART_MOST (16 << 20) /* bytes of one part; libzmq closes a connection that sends more */
#define WAITING_MOST 100     /* messages in the socket; nothing is lost there: further ones wait at the line */
#define ANSWER_MS 3000       /* a request without an answer is sent again after this, over a new connection */
#define PATIENCE_MS 30000    /* a hole is given up after this, as long as the publisher is alive */
#define SILENT_MS 5000       /* nothing at all for so long: connect anew, because libzmq does not where a key was refused */

static void *context, *results, *recovery;
static json_int_t heard_ms, sent_ms, again_ms, request_id;
static bool heard;

/* ---- Sockets ---- */

static void *connect_to(int type, const char *endpoint) {
    int none = 0, beat_ms = 1000, dead_ms = 3000, waiting = WAITING_MOST;
    int64_t most = PART_MOST;
    void *socket = zmq_socket(context, type);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most);
    zmq_setsockopt(socket, ZMQ_RCVHWM, &waiting, sizeof waiting);
    zmq_setsockopt(socket, ZMQ_HEARTBEAT_IVL, &beat_ms, sizeof beat_ms); /* a link that is cut without a word is noticed and made anew */
    zmq_setsockopt(socket, ZMQ_HEARTBEAT_TIMEOUT, &dead_ms, sizeof dead_ms);
    if (option.server_file && (zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, option.server_key, 41) || /* 40 characters and a 0 */
                               zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, option.public_key, 41) ||
                               zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, option.secret_key, 41)))
        fail("CURVE", "these keys cannot be used, or libzmq was built without it", 1);
    if (type == ZMQ_SUB) zmq_setsockopt(socket, ZMQ_SUBSCRIBE, option.prefix, strlen(option.prefix));
    if (zmq_connect(socket, endpoint)) fail(endpoint, zmq_strerror(zmq_errno()), 1);
    return socket;
}

/* Where to ask, from a heartbeat: `*` is the host under which the results were reached. */
static void learn(const char *said) {
    char full[512];
    const char *port = strrchr(option.endpoint, ':');
    if (option.recovery) return;
    if (said && strncmp(said, "tcp://*:", 8) == 0) snprintf(full, sizeof full, "%.*s%s", (int)(port - option.endpoint), option.endpoint, said + 7);
    else snprintf(full, sizeof full, "%s", said ? said : "");
    if (address && is(address, full)) return;
    free(address), address = strdup(full);
    if (recovery) zmq_close(recovery), recovery = NULL;
    asked = NULL;
}

static bool receive(void) {
    zmq_msg_t parts[4];
    message m;
    int count = take(results, parts, 4);
    if (count < 0) return false;
    const char *wrong = decode(parts, count, &m);
    size_t length = zmq_msg_size(&parts[0]);
    if (wrong) say("malformed", "{s:s,s:o?}", "why", wrong, "topic", json_stringn(zmq_msg_data(&parts[0]), length < 200 ? length : 200));
    else {
        stream *s = stream_of(m.line, m.camera);
        if (s->stale) say("back", "{s:s,s:s}", "line", s->line, "camera", s->camera);
        s->stale = false, s->heard_ms = heard_ms = now, heard = true;
        if (m.numbered) push(s, m.epoch, m.number, false, verdict_of(&m, false));
        else if (is(m.type, "heartbeat")) {
            s->silence_ms = 3 * number_in(m.body, "interval_ms");
            learn(json_string_value(json_object_get(m.body, "recovery")));
            push(s, m.epoch, number_in(m.body, "last_seq") + 1, true, NULL);
        }
        advance(s);
    }
    forget(&m), drop(parts, count < 4 ? count : 4);
    return true;
}

/* ---- Asking, one request at a time ---- */

static void ask(void) {
    stream *s = NULL;
    for (stream *each = streams; each; each = each->after) {
        if (each->stale) each->since_ms = now; /* nobody is there: waiting costs no patience */
        if (each->want && now - each->since_ms > PATIENCE_MS) give_up(each, "the recovery socket does not answer");
        if (each->want && (!s || each->since_ms < s->since_ms)) s = each;
    }
    if (asked && now - sent_ms > ANSWER_MS) zmq_close(recovery), recovery = NULL, asked = NULL;
    if (asked || !s || !address || !*address || now < again_ms) return;
    if (!recovery) recovery = connect_to(ZMQ_DEALER, address);
    json_t *what = s->want == GET ? json_pack("{s:s,s:s,s:I,s:I}", "request", "get", "epoch", s->epoch, "from", s->next, "to", s->to)
                                  : json_pack("{s:s,s:O?}", "request", "streams", "after", s->cursor);
    json_object_set_new(what, "line", json_string(s->line)), json_object_set_new(what, "camera", json_string(s->camera));
    char id[24], *text;
    snprintf(id, sizeof id, "%lld", (long long)++request_id);
    json_t *whole_request = json_pack("{s:i,s:s,s:o}", "recovery", 1, "id", id, "do", what);
    text = json_dumps(whole_request, JSON_COMPACT);
    zmq_send(recovery, text, strlen(text), ZMQ_DONTWAIT);
    free(text), json_decref(whole_request);
    asked = s, sent_ms = now;
}

/* Prints a publication of the reply to `get` if it is the next one, or the next one that there still is. */
static void recovered(stream *s, zmq_msg_t *parts) {
    message m;
    const char *wrong = decode(parts, 4, &m);
    if (wrong) say("malformed", "{s:s}", "why", wrong);
    else if (m.numbered && is(m.line, s->line) && is(m.camera, s->camera) && is(m.epoch, s->epoch) && m.number >= s->next && m.number <= s->to) {
        missed(s, m.number - 1, "the line does not have it any more");
        json_t *verdict = verdict_of(&m, true);
        s->next++, print(verdict), json_decref(verdict);
    }
    forget(&m);
}

static bool answer(void) {
    zmq_msg_t first, parts[4];
    zmq_msg_init(&first);
    if (!recovery || zmq_msg_recv(&first, recovery, ZMQ_DONTWAIT) < 0) return false;
    json_t *reply = parse(&first), *id = json_object_get(reply, "id"), *next = json_object_get(reply, "next");
    const char *outcome = json_string_value(json_object_get(reply, "outcome")), *text = json_string_value(json_object_get(reply, "text"));
    stream *s = asked && outcome && json_is_string(id) && atoll(json_string_value(id)) == request_id ? asked : NULL;
    json_int_t from = s ? s->next : 0;
    for (bool more = zmq_msg_more(&first); more; more = zmq_msg_more(&parts[3])) {
        for (int k = 0; k < 4; k++) zmq_msg_init(&parts[k]), zmq_msg_recv(&parts[k], recovery, ZMQ_DONTWAIT);
        if (s && s->want == GET && !stop) recovered(s, parts);
        drop(parts, 4);
    }
    if (s && !stop) {
        asked = NULL, s->since_ms = now;
        again_ms = is(outcome, "busy") ? now + number_in(reply, "retry_ms") : now;
        if (is(outcome, "refused")) give_up(s, text ? text : "the recovery socket refuses");
        else if (is(outcome, "done") && s->want == GET) {
            json_int_t newest = number_in(reply, "newest");
            missed(s, json_is_null(next) ? (newest < s->to ? newest : s->to) : json_integer_value(next) - 1, "the line does not have it any more");
            if (json_is_null(next)) missed(s, s->to, "the line does not know of it");
            else if (s->next == from) give_up(s, "the recovery socket makes no progress");
        } else if (is(outcome, "done")) {
            if (!s->cursor) json_decref(s->epochs), s->epochs = json_array();
            json_t *told = json_object_get(reply, "streams");
            for (size_t k = 0; k < json_array_size(told); k++)
                if (!WRONG(json_array_get(told, k), of_epoch)) json_array_append(s->epochs, json_array_get(told, k));
            json_decref(s->cursor), s->cursor = json_is_null(next) ? NULL : json_incref(next);
            if (!s->cursor) compare(s);
        }
        advance(s);
    }
    json_decref(reply), zmq_msg_close(&first);
    return true;
}

/* ---- The program ---- */

static void on_signal(int number) { (void)number, stop = 1; }

static void tell_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t); /* a step of the wall clock changes nothing here */
    now = (json_int_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void watch(void) {
    static json_int_t before;
    bool stood = before && now - before > 1000; /* the program itself stood still: what waits is to be read first */
    before = now;
    if (stood) heard_ms = now;
    for (stream *s = streams; stood && s; s = s->after) s->heard_ms = now;
    for (stream *s = streams; s; s = s->after)
        if (!s->stale && now - s->heard_ms > s->silence_ms) {
            s->stale = true;
            say("stale", "{s:s,s:s,s:I}", "line", s->line, "camera", s->camera, "silent_ms", now - s->heard_ms);
        }
    if (now - heard_ms <= SILENT_MS) return;
    heard_ms = now;
    say("silent", "{s:s,s:s}", "endpoint", option.endpoint, "why", "nobody is there, nothing is sent below this prefix, or a key is not accepted");
    zmq_close(results), results = connect_to(ZMQ_SUB, option.endpoint);
}

/* Goes on behind the verdicts that an earlier run of this program printed into a file. */
static void resume(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) fail(path, "cannot be read", 2);
    char *text = NULL;
    for (size_t size = 0; getline(&text, &size, file) > 0;) {
        const char *name, *camera, *epoch;
        json_int_t seq;
        json_t *line = json_loads(text, 0, NULL); /* a line that was torn by a crash is none */
        if (!json_unpack(line, "{s:s,s:s,s:s,s:I}", "line", &name, "camera", &camera, "epoch", &epoch, "seq", &seq)) {
            stream *s = stream_of(name, camera);
            free(s->epoch), s->epoch = strdup(epoch), s->next = seq + 1;
        }
        json_decref(line);
    }
    free(text);
    fclose(file);
}

int main(int count, char **words) {
    struct sigaction ending = {.sa_handler = on_signal};
    sigaction(SIGINT, &ending, NULL), sigaction(SIGTERM, &ending, NULL);
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    read_options(count, words);
    context = zmq_ctx_new();
    tell_time(), heard_ms = now;
    if (!is(option.since, "epoch") && !is(option.since, "now")) resume(option.since);
    if (option.recovery) address = strdup(is(option.recovery, "none") ? "" : option.recovery);
    results = connect_to(ZMQ_SUB, option.endpoint); /* subscribes first, and then asks for what came before */
    while (!stop) {
        zmq_pollitem_t sockets[] = {{results, 0, ZMQ_POLLIN, 0}, {recovery, 0, ZMQ_POLLIN, 0}};
        zmq_poll(sockets, recovery ? 2 : 1, 50);
        tell_time();
        for (int k = 0; k < 1000 && !stop && receive(); k++) {}
        while (!stop && answer()) {}
        if (!stop) watch(), ask();
    }
    for (stream *s = streams; s; s = s->after)
        if (s->want && printed != option.most) missed(s, s->want == GET ? s->to : UNKNOWN, "the program ends before it came");
    if (recovery) zmq_close(recovery);
    zmq_close(results), zmq_ctx_term(context);
    return missing || !heard ? 3 : 0;
}
