/* The streams: what is printed next, and what has to be asked for first. Nothing here touches a socket. */
#ifndef STREAM_H
#define STREAM_H
#include "message.h"
#include "options.h"
#include <signal.h>

#define HELD_MOST 16384          /* live messages of a stream that wait while a hole before them is filled; further ones are asked for */
#define UNHEARD_MS 5000          /* as long as silence is normal before a heartbeat has said it */
#define UNKNOWN (WHOLE_MOST + 1) /* in the place of a number: nobody can say how many */

/* A publication that waits for its turn, or (`reach`) the fact that all numbers below `number` were published. */
typedef struct item {
    struct item *after;
    char *epoch;
    json_int_t number;
    bool reach;
    json_t *verdict; /* what is to be printed; NULL: nothing */
} item;

typedef struct stream {
    struct stream *after;
    char *line, *camera, *epoch; /* the epoch that is being read; NULL: none yet */
    json_int_t next;             /* the number that comes next in it */
    bool over;                   /* a later epoch was heard: this one ends with `through` */
    json_int_t through;
    item *first, *last; /* what came live, in the order in which it came */
    size_t held;
    json_t *epochs, *cursor;                   /* the reply to `streams`, which may come in pages */
    json_t *past;                              /* epochs that were left, each with whether it spoke again */
    enum { NOTHING, GET, STREAMS } want;       /* what is to be asked for: numbers next..to, or the epochs and their order */
    json_int_t to, since_ms;                   /* since_ms: of the wish, or of the last answer to it */
    json_int_t heard_ms, silence_ms;           /* of the last message; how long silence is normal */
    bool stale;
} stream;

static stream *streams, *asked; /* asked: whose request is out */
static char *address;           /* of the recovery socket; NULL: not known yet; empty: there is none */
static json_int_t now;
static long long printed, missing;
static volatile sig_atomic_t stop;

static void say(const char *event, const char *format, ...) {
    va_list values;
    va_start(values, format);
    json_t *all = json_pack("{s:s}", "event", event), *rest = json_vpack_ex(NULL, 0, format, values);
    va_end(values);
    json_object_update(all, rest);
    json_dumpf(all, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(rest), json_decref(all);
}

static void print(json_t *verdict) {
    if (!verdict) return;
    json_dumpf(verdict, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    if (++printed == option.most) stop = 1;
}

/* Numbers next..to of the epoch will not come. */
static void missed(stream *s, json_int_t to, const char *why) {
    if (to < s->next) return;
    missing++;
    say("missed", "{s:s,s:s,s:s,s:I,s:o,s:s}", "line", s->line, "camera", s->camera, "epoch", s->epoch, "from", s->next, "to",
        to == UNKNOWN ? json_null() : json_integer(to), "why", why);
    s->next = to == UNKNOWN ? s->next : to + 1;
}

static stream *stream_of(const char *line, const char *camera) {
    for (stream *s = streams; s; s = s->after)
        if (is(s->line, line) && is(s->camera, camera)) return s;
    stream *s = malloc(sizeof *s);
    *s = (stream){.after = streams, .line = strdup(line), .camera = strdup(camera), .past = json_object(), .silence_ms = UNHEARD_MS};
    s->heard_ms = now;
    return streams = s;
}

static void begin(stream *s, const char *epoch, json_int_t next) {
    say("epoch", "{s:s,s:s,s:s,s:s?}", "line", s->line, "camera", s->camera, "epoch", epoch, "before", s->epoch);
    if (s->epoch) json_object_set_new(s->past, s->epoch, json_false());
    free(s->epoch);
    s->epoch = strdup(epoch), s->next = next, s->over = false;
}

static void push(stream *s, const char *epoch, json_int_t number, bool reach, json_t *verdict) {
    item *last = s->last, *new;
    if (!reach && s->held >= HELD_MOST) json_decref(verdict), verdict = NULL, number++, reach = true;
    if (reach && last && last != s->first && last->reach && is(last->epoch, epoch)) { /* one says as much as many; the first may be asked for */
        if (number > last->number) last->number = number;
        return;
    }
    new = malloc(sizeof *new);
    *new = (item){NULL, strdup(epoch), number, reach, verdict};
    if (last) last->after = new;
    else s->first = new;
    s->last = new, s->held++;
}

static void pop(stream *s) {
    item *head = s->first;
    if (!(s->first = head->after)) s->last = NULL;
    s->held--;
    free(head->epoch), json_decref(head->verdict), free(head);
}

static json_int_t number_in(json_t *object, const char *key) { return json_integer_value(json_object_get(object, key)); }

static json_t *known(stream *s, const char *epoch) {
    for (size_t k = 0; k < json_array_size(s->epochs); k++)
        if (is(json_string_value(json_object_get(json_array_get(s->epochs, k), "epoch")), epoch)) return json_array_get(s->epochs, k);
    return NULL;
}

/* An epoch was read to its end: on to the one that the line opened next. */
static void turn(stream *s) {
    json_t *old = known(s, s->epoch), *next = known(s, s->first->epoch), *each;
    for (size_t k = 0; k < json_array_size(s->epochs); k++) {
        each = json_array_get(s->epochs, k);
        if (number_in(each, "order") > number_in(old, "order") && number_in(each, "order") < number_in(next, "order")) next = each;
    }
    begin(s, json_string_value(json_object_get(next, "epoch")), 0);
    if (!is(s->epoch, s->first->epoch)) s->over = true, s->through = number_in(next, "newest");
}

/* The first message that waits is of another epoch, and `epochs` are those that the line knows. */
static void compare(stream *s) {
    const char *other = s->first->epoch;
    json_t *old = known(s, s->epoch), *new = known(s, other);
    if (!new || (old && number_in(new, "order") <= number_in(old, "order"))) { /* another daemon's, or one that has ended */
        json_object_set_new(s->past, other, json_false());
    } else if (!old) {
        missed(s, UNKNOWN, "the line does not know this epoch any more");
        begin(s, other, 0);
    } else {
        s->over = true, s->through = number_in(old, "newest");
    }
}

/* Prints what comes next, until something has to be asked for; returns that. */
static int print_until(stream *s, json_int_t *to) {
    for (item *head; !stop;) {
        *to = s->through;
        if (s->over && s->next <= s->through) return GET;
        if (s->over) turn(s);
        if (!(head = s->first)) break;
        json_t *past = json_object_get(s->past, head->epoch);
        if (past) { /* one daemon speaks after the other: an epoch that was left and speaks again is another daemon's */
            if (json_is_false(past)) say("second_publisher", "{s:s,s:s,s:s}", "line", s->line, "camera", s->camera, "epoch", head->epoch);
            json_object_set_new(s->past, head->epoch, json_true());
            pop(s);
            continue;
        }
        *to = head->number - 1;
        if (!s->epoch) begin(s, head->epoch, is(option.since, "now") ? head->number : 0);
        if (!is(head->epoch, s->epoch)) return STREAMS;
        if (head->number > s->next) return GET;
        if (!head->reach && head->number == s->next) s->next++, print(head->verdict);
        pop(s);
    }
    return NOTHING;
}

static void lose(stream *s, const char *why) {
    if (s->want == GET) missed(s, s->to, why);
    else missed(s, UNKNOWN, why), begin(s, s->first->epoch, 0);
    s->want = NOTHING;
}

static void advance(stream *s) {
    int want;
    while ((want = print_until(s, &s->to)) && address && !*address) {
        s->want = want;
        lose(s, "the line has no recovery socket");
    }
    if (!s->want) s->since_ms = now;
    s->want = want;
}

static void give_up(stream *s, const char *why) {
    lose(s, why);
    if (asked == s) asked = NULL;
    advance(s);
}

#endif
