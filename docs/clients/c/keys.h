/* The keys of header and bodies, as docs/protocol.md lists them, and the check of a JSON object by such a list. */
#ifndef KEYS_H
#define KEYS_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define WHOLE_MOST ((1LL << 53) - 1) /* no whole number is larger, but for times */
#define WRONG(object, keys) wrong_key(object, keys, COUNT(keys))

/* least..most: of a number its bounds, of a text the number of its characters. A WORD is one of those in `words`, between blanks. */
typedef struct {
    const char *key;
    enum { WHOLE, NUMBER, TEXT, NAME, WORD, FLAG, OBJECT, LIST } kind;
    bool null; /* whether it may be null */
    json_int_t least, most;
    const char *words;
} key_rule;

static const key_rule of_header[] = {
    {"type", WORD, false, 0, 0, " start change result late gap status heartbeat end coil defect roll_mark "},
    {"line", NAME, false, 1, 63, NULL},
    {"camera", NAME, false, 1, 63, NULL},
    {"epoch", TEXT, false, 1, 64, NULL},
    {"run", TEXT, true, 0, 64, NULL},
    {"recipe", TEXT, true, 0, 64, NULL},
    {"part", TEXT, true, 0, 64, NULL},
    {"seq", WHOLE, true, 0, WHOLE_MOST, NULL},
    {"frame", WHOLE, true, 0, WHOLE_MOST, NULL},
    {"position_um", WHOLE, true, -WHOLE_MOST, WHOLE_MOST, NULL},
    {"travel_um", WHOLE, true, -WHOLE_MOST, WHOLE_MOST, NULL},
    {"position_source", WORD, true, 0, 0, " encoder frame_count "},
    {"encoder", WHOLE, true, -WHOLE_MOST, WHOLE_MOST, NULL},
    {"camera_ns", WHOLE, true, INT64_MIN, INT64_MAX, NULL},
    {"camera_clock", TEXT, true, 0, 64, NULL},
    {"flat_field", TEXT, true, 0, 256, NULL},
    {"captured_unix_ns", WHOLE, true, INT64_MIN, INT64_MAX, NULL},
    {"deadline_unix_ns", WHOLE, true, INT64_MIN, INT64_MAX, NULL},
    {"published_unix_ns", WHOLE, false, INT64_MIN, INT64_MAX, NULL},
    {"resolved_through", WHOLE, false, -1, WHOLE_MOST, NULL},
    {"bundle", TEXT, true, 0, 256, NULL},
    {"operating_point", TEXT, true, 0, 256, NULL},
    {"calibration", TEXT, true, 0, 256, NULL},
    {"durable", FLAG, false, 0, 0, NULL},
    {"simulated", FLAG, false, 0, 0, NULL},
};
static const key_rule of_result[] = {
    {"verdict", TEXT, false, 1, 64, NULL},
    {"reason", TEXT, false, 1, 64, NULL},
    {"detail", TEXT, false, 0, 1000, NULL},
    {"gate_score", NUMBER, true, 0, 1, NULL},
    {"pixels", OBJECT, false, 0, 0, NULL},
    {"defect_pixels", OBJECT, false, 0, 0, NULL},
    {"defects", LIST, false, 0, 0, NULL},
    {"name", TEXT, false, 0, 4096, NULL},
    {"latency_us", WHOLE, false, -WHOLE_MOST, WHOLE_MOST, NULL},
    {"mask", OBJECT, true, 0, 0, NULL},
};
static const key_rule of_sheet[] = {{"frames", LIST, false, 0, 0, NULL}, {"missing", LIST, false, 0, 0, NULL}};
static const key_rule of_sheet_frame[] = {
    {"camera", NAME, false, 1, 63, NULL},
    {"frame", WHOLE, false, 0, WHOLE_MOST, NULL},
    {"verdict", WORD, false, 0, 0, " PASS REJECT SCRAP UNINSPECTED "},
    {"reason", TEXT, false, 1, 64, NULL},
};
static const key_rule of_gap[] = {
    {"first", WHOLE, false, 0, WHOLE_MOST, NULL},
    {"last", WHOLE, false, 0, WHOLE_MOST, NULL},
    {"verdict", TEXT, false, 1, 64, NULL},
    {"reason", TEXT, false, 1, 64, NULL},
    {"detail", TEXT, false, 0, 1000, NULL},
};
static const key_rule of_epoch[] = { /* in the reply to `streams` */
    {"epoch", TEXT, false, 1, 64, NULL},
    {"order", WHOLE, false, -WHOLE_MOST, WHOLE_MOST, NULL},
    {"newest", WHOLE, false, -1, WHOLE_MOST, NULL},
};
static const key_rule of_heartbeat[] = {
    {"last_seq", WHOLE, false, -1, WHOLE_MOST, NULL},
    {"state", WORD, false, 0, 0, " starting running degraded paused draining stopped "},
    {"interval_ms", WHOLE, false, 100, 250, NULL},
    {"recovery", TEXT, true, 0, 256, NULL},
};

static inline bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static inline bool one_of(const char *word, const char *words) {
    char padded[70];
    size_t length = strlen(word);
    if (length == 0 || length > 64 || strchr(word, ' ')) return false;
    padded[0] = ' ', memcpy(padded + 1, word, length), strcpy(padded + 1 + length, " ");
    return strstr(words, padded) != NULL;
}

static inline bool reason_fits(const char *verdict, const char *reason) {
    if (is(verdict, "PASS")) return one_of(reason, " gate_clean no_defect ");
    if (is(verdict, "REJECT") || is(verdict, "SCRAP")) return is(reason, "defect");
    return is(verdict, "UNINSPECTED") && one_of(reason, " bad_frame no_sheet paused overload deadline engine_down engine_starting shutdown "
                                                        "internal camera_lost ");
}

/* Letters, digits, `_`, `.` and `-`, a letter or digit first. */
static inline bool is_name(const char *text) {
    static const char allowed[] = "_.-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    return strspn(text, allowed) == strlen(text) && strchr(allowed + 3, *text) != NULL;
}

static inline bool fits(json_t *value, const key_rule *rule) {
    json_int_t size = 0;
    const char *text = json_string_value(value);
    if (json_is_null(value)) return rule->null;
    for (const char *at = text; at && *at; at++) size += (*at & 0xC0) != 0x80; /* characters of UTF-8 */
    switch (rule->kind) {
    case WHOLE: return json_is_integer(value) && json_integer_value(value) >= rule->least && json_integer_value(value) <= rule->most;
    case NUMBER: return json_is_number(value) && json_number_value(value) >= rule->least && json_number_value(value) <= rule->most;
    case NAME: return text && size >= 1 && size <= 63 && is_name(text);
    case TEXT: return text && size >= rule->least && size <= rule->most;
    case WORD: return text && one_of(text, rule->words);
    case FLAG: return json_is_boolean(value);
    case OBJECT: return json_is_object(value);
    default: return json_is_array(value);
    }
}

/* The first key of `object` that is absent or is not what its rule says; NULL: there is none. */
static inline const char *wrong_key(json_t *object, const key_rule *rules, size_t count) {
    for (size_t k = 0; k < count; k++)
        if (!fits(json_object_get(object, rules[k].key), &rules[k])) return rules[k].key;
    return NULL;
}

#endif
