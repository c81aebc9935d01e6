#include "settings.h"

#include <stdio.h>

#include "core/base/scan.h"
#include "core/mail/idn.h"
#include "reply.h"

/* One line of the file with a setting. */
struct setting_line {
    struct settings_parse *parse;
    const struct setting *setting;
    struct line *line;
    struct text value; /* trimmed, without comment, and not empty unless `may_be_empty` */
};

struct setting {
    const char *name;
    /* Reads a value of one type into the member at FIELD, and reports what is wrong. */
    void (*take)(struct setting_line *s);
    size_t field;
    const char *by_default; /* read like a value from the file; NULL: zero */
    const char
        *words; /* for a choice: the first is 0, the second 1; for a table: the file beside the rule file */
    uint32_t least, most; /* for a number; for a table: `least` is its slot */
    bool may_be_empty;
    bool repeats;
    bool is_reply; /* ' #' starts no comment in it */
};

/* Returns the member of the settings that S sets. Valid until the next call of a builder function. */
static void *field(const struct setting_line *s)
{
    return (char *)builder_settings(s->parse->builder) + s->setting->field;
}

static void set_span(const struct setting_line *s, struct span span)
{
    memcpy(field(s), &span, sizeof span);
}

static void set_number(const struct setting_line *s, uint32_t number)
{
    memcpy(field(s), &number, sizeof number);
}

static void set_byte(const struct setting_line *s, uint8_t byte)
{
    memcpy(field(s), &byte, sizeof byte);
}

/* Reports what is wrong with WORD, a part of the line. Returns false. */
__attribute__((format(__printf__, 3, 4))) static bool wrong(const struct setting_line *s, struct text word,
                                                            const char *format, ...)
{
    char message[400];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return line_error(s->line, (size_t)(word.p - s->line->text.p), "%s", n < 0 ? "" : message);
}

#define SHOW(t) (int)((t).n < 60 ? (t).n : 60), (t).p

/* Reads one domain name, with or without a dot before it; in another alphabet its form in ASCII, in ROOM. */
static bool read_name(struct setting_line *s, struct text word, char *room, struct text *out)
{
    bool normal;
    *out = word;
    if (!idn_is_ascii(word)) {
        const size_t n = idn_to_ascii(word, room, &normal);
        *out = text_of(room, n);
        if (n == 0)
            return wrong(s, word, "this name has no form in ASCII: it is not UTF-8, or too long");
        if (!normal)
            return wrong(s, word, "this is not the usual form of a name in another alphabet; write %s", room);
    }
    for (size_t c = 0; c < out->n; c++)
        if (!is_alnum((unsigned char)out->p[c]) && !strchr(".-_", out->p[c]))
            return wrong(s, out->p == word.p ? text_skip(word, c) : word,
                         "a domain name cannot contain '%c'; separate names with blanks",
                         (unsigned char)out->p[c] > 0x1f && (unsigned char)out->p[c] < 0x7f ? out->p[c] : '?');
    return true;
}

/* Domain names; a name with a dot before it covers that name and all below. */
static void take_names(struct setting_line *s)
{
    struct span names[256];
    char room[IDN_MAX];
    size_t count = 0;
    for (struct text word = scan_word(&s->value); word.n; word = scan_word(&s->value)) {
        struct text name;
        if (count == sizeof names / sizeof *names) {
            wrong(s, word,
                  "at most %zu names are allowed; '.example.org' covers that name and all names below it",
                  count);
            return;
        }
        if (!read_name(s, word, room, &name))
            return;
        names[count++] = builder_text(s->parse->builder, name);
    }
    set_span(s, builder_list(s->parse->builder, names, count, sizeof *names));
}

/* Reads an address or, unless the setting takes single addresses (`most` is 0), a network. */
static bool read_network(struct setting_line *s, struct text word, struct network *out)
{
    const bool addresses = s->setting->most == 0;
    struct ip_prefix prefix;
    if (!ip_prefix_parse(word, false, &prefix)) {
        if (ip_prefix_is_nat64(word))
            return wrong(s, word,
                         "each address in 64:ff9b::/96 is the IPv4 address inside it; write IPv4 prefixes");
        if (ip_prefix_parse(word, true, &prefix))
            return wrong(s, word, "'%.*s' has bits set after its prefix length", SHOW(word));
        return wrong(s, word, "'%.*s' is not an %s", SHOW(word),
                     addresses ? "address" : "address or a network (192.0.2.0/24)");
    }
    if (addresses && prefix.bits != ip_bits(&prefix.ip))
        return wrong(s, word, "'%.*s' is a network; %s takes single addresses", SHOW(word), s->setting->name);
    *out = (struct network){.v6 = prefix.ip.v6, .bits = prefix.bits};
    memcpy(out->byte, prefix.ip.byte, sizeof out->byte);
    return true;
}

static void take_networks(struct setting_line *s)
{
    struct network networks[512];
    size_t count = 0;
    for (struct text word = scan_word(&s->value); word.n; word = scan_word(&s->value)) {
        if (count == sizeof networks / sizeof *networks) {
            wrong(s, word, "at most %zu entries are allowed", count);
            break;
        }
        count += read_network(s, word, &networks[count]);
    }
    set_span(s, builder_list(s->parse->builder, networks, count, sizeof *networks));
}

static void take_ports(struct setting_line *s)
{
    uint32_t ports[64];
    size_t count = 0;
    for (struct text word = scan_word(&s->value); word.n; word = scan_word(&s->value)) {
        uint64_t port;
        if (!text_number(word, 65535, &port) || port == 0 || count == sizeof ports / sizeof *ports) {
            wrong(s, word, "'%.*s' is not a port; ports are numbers from 1 to 65535, at most 64 of them",
                  SHOW(word));
            return;
        }
        ports[count++] = (uint32_t)port;
    }
    set_span(s, builder_list(s->parse->builder, ports, count, sizeof *ports));
}

/* One of two words. */
static void take_choice(struct setting_line *s)
{
    struct text words = text_z(s->setting->words), first = scan_word(&words), second = scan_word(&words);
    if (text_eq_nocase(s->value, first) || text_eq_nocase(s->value, second))
        set_byte(s, text_eq_nocase(s->value, second));
    else
        wrong(s, s->value, "expected '%.*s' or '%.*s', not '%.*s'", SHOW(first), SHOW(second), SHOW(s->value));
}

/* Characters that separate the tag from the name of a mailbox. */
static void take_delimiters(struct setting_line *s)
{
    char delimiters[RECIPIENT_DELIMITERS] = {0};
    if (s->value.n > sizeof delimiters) {
        wrong(s, s->value, "at most %zu characters are allowed", sizeof delimiters);
        return;
    }
    for (size_t i = 0; i < s->value.n; i++)
        if (!strchr("+-_=.~!#$%&*/?^{|}", s->value.p[i])) { /* a NUL stands in no line */
            wrong(s, text_skip(s->value, i),
                  "this cannot part a tag from the name of a mailbox; most servers use '+'");
            return;
        }
    if (s->value.n)
        memcpy(delimiters, s->value.p, s->value.n);
    memcpy(field(s), delimiters, sizeof delimiters);
}

bool settings_path_is_absolute(struct text path)
{
    return path.n && (path.p[0] == '/' || path.p[0] == '\\' || (path.n > 1 && path.p[1] == ':'));
}

struct text settings_path(struct arena *arena, const char *folder, struct text path)
{
    struct text base = settings_path_is_absolute(path) ? TEXT("") : text_z(folder);
    char *whole = arena_alloc(arena, base.n + path.n + 2);
    if (!whole)
        return text_of(NULL, 0);
    struct writer w = writer_on(whole, base.n + path.n + 2);
    writer_add(&w, base);
    if (base.n && base.p[base.n - 1] != '/')
        writer_char(&w, '/');
    writer_add(&w, path);
    return writer_text(&w);
}

static struct text path_of(const struct setting_line *s)
{
    return settings_path(s->parse->arena, s->parse->folder, s->value);
}

static void take_path(struct setting_line *s)
{
    set_span(s, builder_text(s->parse->builder, path_of(s)));
}

static void take_table(struct setting_line *s)
{
    if (s->value.n)
        builder_table_path(s->parse->builder, s->setting->least, path_of(s), false);
}

/* config_state_dir() reads only the main file, before the rules are read. */
static void take_state_dir(struct setting_line *s)
{
    if (s->parse->is_main_file)
        take_path(s);
    else
        wrong(s, s->value, "state-dir must be in the main rule file, not in an included one");
}

static void take_test_clock(struct setting_line *s)
{
    line_warning(s->line, (size_t)(s->value.p - s->line->text.p),
                 "test-clock is for tests only: the engine reads the time from that file");
    take_path(s);
}

static bool read_time(struct setting_line *s, struct text word, uint32_t *out)
{
    return scan_duration(word, out) ||
           wrong(s, word, "'%.*s' is not a time; write it like 30m, 6h or 30d", SHOW(word));
}

static void take_time(struct setting_line *s)
{
    uint32_t seconds;
    if (read_time(s, s->value, &seconds))
        set_number(s, seconds);
}

/* For the first stay, the second, and every later one. */
static void take_steps(struct setting_line *s)
{
    uint32_t steps[3] = {0};
    size_t count = 0;
    for (struct text word = scan_word(&s->value); word.n; word = scan_word(&s->value)) {
        if (count == 3) {
            wrong(s, word,
                  "at most three times are allowed: for the first stay, the second, and every later one");
            return;
        }
        if (!read_time(s, word, &steps[count++]))
            return;
    }
    for (size_t step = count; count && step < 3; step++)
        steps[step] = steps[count - 1];
    memcpy(field(s), steps, sizeof steps);
}

/* How long the relays of a pattern stay on the list, or that they are only logged. */
static void take_relay_block(struct setting_line *s)
{
    const bool log_only = text_eq_nocase(s->value, TEXT("log"));
    builder_settings(s->parse->builder)->relay_log = log_only;
    if (!log_only)
        take_time(s);
}

static void take_number(struct setting_line *s)
{
    uint64_t n;
    if (text_number(s->value, s->setting->most, &n) && n >= s->setting->least)
        set_number(s, (uint32_t)n);
    else
        wrong(s, s->value, "expected a number from %u to %u", (unsigned)s->setting->least,
              (unsigned)s->setting->most);
}

static void take_prefixes(struct setting_line *s)
{
    const struct text all = s->value;
    uint64_t v4, v6;
    struct text first = scan_word(&s->value), second = scan_word(&s->value), more = scan_word(&s->value);
    /* A shorter prefix would put a whole provider on the list for one zombie. */
    if (more.n || !text_number(first, 32, &v4) || v4 < 8 || !text_number(second, 128, &v6) || v6 < 16) {
        wrong(s, all, "expected two prefix lengths, for IPv4 (8 to 32) and IPv6 (16 to 128), like 32 64");
        return;
    }
    const uint32_t prefixes[2] = {(uint32_t)v4, (uint32_t)v6};
    memcpy(field(s), prefixes, sizeof prefixes);
}

static void take_reply(struct setting_line *s)
{
    struct text reply = s->value;
    if (reply.n >= 2 && reply.p[0] == '"' && reply.p[reply.n - 1] == '"')
        reply = text_of(reply.p + 1, reply.n - 2);
    if (reply_check(s->line, (size_t)(s->value.p - s->line->text.p), reply, true))
        set_span(s, builder_text(s->parse->builder, reply));
}

/* "envelope 3 clients 1h" */
static void take_relay_pattern(struct setting_line *s)
{
    struct settings_parse *p = s->parse;
    const struct text all = s->value;
    struct text key = scan_word(&s->value), number = scan_word(&s->value), clients = scan_word(&s->value),
                window = scan_word(&s->value), more = scan_word(&s->value);
    const bool envelope = text_eq_nocase(key, TEXT("envelope"));
    struct relay_pattern pattern = {.key = envelope ? RELAY_ENVELOPE : RELAY_SUBJECT};
    uint64_t n;
    if (!envelope && !text_eq_nocase(key, TEXT("subject"))) {
        wrong(s, all, "expected 'envelope' or 'subject', as in: relay-pattern = envelope 3 clients 1h");
        return;
    }
    if (!text_number(number, 8, &n) || n < 2 || !text_eq_nocase(clients, TEXT("clients")) ||
        !scan_duration(window, &pattern.seconds) || more.n) {
        wrong(s, all,
              "expected a number of clients from 2 to 8 and a time, as in: relay-pattern = envelope 3 clients "
              "1h");
        return;
    }
    pattern.clients = (uint32_t)n;
    if (p->relay_pattern_count == sizeof p->relay_patterns / sizeof *p->relay_patterns)
        wrong(s, all, "too many relay patterns");
    else
        p->relay_patterns[p->relay_pattern_count++] = pattern;
}

#define FIELD(member) .field = offsetof(struct settings, member)
#define MAY_BE_EMPTY  .may_be_empty = true

static const struct setting registry[] = {
    {"own-names", take_names, FIELD(own_names), MAY_BE_EMPTY},
    {"own-addresses", take_networks, FIELD(own_addresses), MAY_BE_EMPTY},
    {"own-networks", take_networks, FIELD(own_networks), "127.0.0.0/8 ::1", .most = 128, MAY_BE_EMPTY},
    {"judge-authenticated", take_choice, FIELD(judge_authenticated), .words = "no yes"},
    {"submission-ports", take_ports, FIELD(submission_ports), "465 587", MAY_BE_EMPTY},
    {"exempt-table", take_table, .words = "exempt.cdb", .least = TABLE_EXEMPT, MAY_BE_EMPTY},
    {"block-table", take_table, .words = "block.cdb", .least = TABLE_BLOCK, MAY_BE_EMPTY},
    {"trap-table", take_table, .words = "traps.cdb", .least = TABLE_TRAP, MAY_BE_EMPTY},
    {"recipient-delimiter", take_delimiters, FIELD(recipient_delimiter), MAY_BE_EMPTY},
    {"state-dir", take_state_dir, FIELD(state_dir)},
    {"block-time", take_steps, FIELD(block_time), "30m 6h 24h"},
    {"block-memory", take_time, FIELD(block_memory), "30d"},
    {"block-entries", take_number, FIELD(block_entries), "65536", .least = 64, .most = 100000000},
    {"block-prefix", take_prefixes, FIELD(block_prefix), "32 64"},
    {"block-at", take_choice, FIELD(block_at_mail), .words = "connect mail"},
    {"block-reply", take_reply, FIELD(block_reply),
     "554 5.7.1 Connection refused because of short-term restriction", .is_reply = true},
    {"relay-pattern", take_relay_pattern, MAY_BE_EMPTY, .repeats = true},
    {"relay-block", take_relay_block, FIELD(relay_block), "7d"},
    {"relay-reply", take_reply, FIELD(relay_reply), "550 5.7.1 Apparent open relay", .is_reply = true},
    {"mode", take_choice, FIELD(log_only), .words = "enforce log"},
    {"on-error", take_choice, FIELD(on_error_tempfail), .words = "pass tempfail"},
    {"test-clock", take_test_clock, FIELD(test_clock), MAY_BE_EMPTY},
};

enum { SETTING_COUNT = sizeof registry / sizeof *registry };
_Static_assert((int)SETTING_COUNT + (int)HOST_SETTINGS <= (int)SETTINGS_MOST,
               "line_of has a place for each setting");

/* All settings: those of the engine first, then those of hosts. */
static const char *setting_name(unsigned i)
{
    return i < SETTING_COUNT ? registry[i].name : host_settings[i - SETTING_COUNT].name;
}

static void unknown_setting(struct line *l, size_t at, struct text name)
{
    struct scan_near near = scan_near(name);
    for (unsigned i = 0; i < SETTING_COUNT + HOST_SETTINGS; i++)
        scan_near_try(&near, setting_name(i));
    const int shown = (int)(name.n < 60 ? name.n : 60);
    if (near.name)
        line_error(l, at, "unknown setting '%.*s'; did you mean '%s'?", shown, name.p, near.name);
    else
        line_error(l, at, "unknown setting '%.*s'; gatepost.conf(5) lists them", shown, name.p);
}

bool settings_is_line(const struct line *l)
{
    struct line look = *l;
    line_blanks(&look);
    struct text word = line_word(&look);
    line_blanks(&look);
    if (word.n && line_peek(&look) == '=')
        return true;
    return text_eq_nocase(word, TEXT("table"));
}

static struct text value_of(struct line *l, bool is_reply)
{
    size_t end = l->text.n;
    if (!is_reply)
        for (size_t i = l->at; i < l->text.n; i++)
            if (l->text.p[i] == '#' && (i == l->at || is_blank((unsigned char)l->text.p[i - 1]))) {
                end = i;
                break;
            }
    struct text value = text_of(l->text.p + l->at, end - l->at);
    struct text trimmed = text_trim(value);
    return trimmed.n ? trimmed : text_of(value.p, 0);
}

bool settings_line_sets(struct line *l, const char *name, struct text *value)
{
    line_blanks(l);
    if (!text_eq_nocase(line_word(l), text_z(name)))
        return false;
    line_blanks(l);
    if (line_peek(l) != '=')
        return false;
    l->at++;
    *value = value_of(l, false);
    return true;
}

/* A setting that the engine only stores. */
static void parse_host_setting(struct settings_parse *p, struct line *l, unsigned which, struct text value,
                               size_t at)
{
    const struct host_setting *h = &host_settings[which];
    char words[128];
    struct text odd;
    size_t n = host_settings_take(h, value, words, sizeof words, &odd);
    if (n == SIZE_MAX) {
        line_error(l, odd.n ? (size_t)(odd.p - l->text.p) : at,
                   h->is_list ? "expected any of these words: %s" : "expected one of: %s", h->words);
        return;
    }
    if (odd.n)
        line_warning(l, (size_t)(odd.p - l->text.p),
                     "'%.*s' is a word of an earlier version and now means '%s'; choose from: %s", (int)odd.n,
                     odd.p, h->by_default, h->words);
    struct span s = builder_text(p->builder, text_of(words, n));
    builder_settings(p->builder)->host[which] = s;
}

/* table NAME = FILE */
static void parse_table(struct settings_parse *p, struct line *l)
{
    line_blanks(l);
    size_t at = l->at;
    struct text name = line_word(l);
    line_blanks(l);
    if (name.n == 0 || name.n > TABLE_NAME_MOST || line_peek(l) != '=') {
        line_error(l, at, "expected a name and a file, as in: table partners = partners.cdb");
        return;
    }
    l->at++;
    struct text value = value_of(l, false);
    uint32_t slot = builder_table(p->builder, name);
    if (slot == UINT32_MAX)
        line_error(l, at, "at most %d tables are allowed", TABLE_MOST - TABLE_NAMED);
    else if (builder_table_has_path(p->builder, slot))
        line_error(l, at, "a table '%.*s' is already defined", (int)name.n, name.p);
    else if (value.n == 0)
        line_error(l, l->at, "the table's file name is missing");
    else
        builder_table_path(p->builder, slot, settings_path(p->arena, p->folder, value), false);
}

void settings_parse_line(struct settings_parse *p, struct line *l)
{
    line_blanks(l);
    size_t at = l->at;
    struct text name = line_word(l);
    if (text_eq_nocase(name, TEXT("table"))) {
        parse_table(p, l);
        return;
    }
    line_blanks(l);
    l->at++; /* the '=' that settings_is_line() has found */
    unsigned i = 0;
    while (i < SETTING_COUNT && !text_eq_nocase(name, text_z(registry[i].name)))
        i++;
    if (i == SETTING_COUNT)
        i += host_settings_find(name);
    if (i == SETTING_COUNT + HOST_SETTINGS) {
        unknown_setting(l, at, name);
        return;
    }
    if (p->line_of[i] && (i >= SETTING_COUNT || !registry[i].repeats)) {
        line_error(l, at, "'%s' is already set at %s:%u", setting_name(i), p->file_of[i], p->line_of[i]);
        return;
    }
    p->line_of[i] = l->number;
    p->file_of[i] = l->file;
    if (i >= SETTING_COUNT) {
        at = l->at;
        parse_host_setting(p, l, i - SETTING_COUNT, value_of(l, false), at);
        return;
    }
    struct setting_line set = {p, &registry[i], l, value_of(l, registry[i].is_reply)};
    if (set.value.n == 0 && !registry[i].may_be_empty)
        line_error(l, at, "'%s' needs a value", registry[i].name);
    else if (set.value.n || !registry[i].repeats)
        registry[i].take(&set);
}

void settings_defaults(struct settings_parse *p)
{
    struct report report = {0};
    for (unsigned i = 0; i < SETTING_COUNT; i++) {
        struct line l = {.file = "", .text = text_z(registry[i].by_default), .report = &report};
        struct setting_line set = {p, &registry[i], &l, l.text};
        if (l.text.n)
            registry[i].take(&set);
    }
    for (unsigned i = 0; i < HOST_SETTINGS; i++) {
        struct span s = builder_text(p->builder, text_z(host_settings[i].by_default));
        builder_settings(p->builder)->host[i] = s;
    }
}

void settings_finish(struct settings_parse *p, const char *main_folder)
{
    for (unsigned i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &registry[i];
        if (p->line_of[i])
            continue;
        if (setting->take == take_table)
            builder_table_path(p->builder, setting->least,
                               settings_path(p->arena, main_folder, text_z(setting->words)), true);
        if (setting->take == take_state_dir) {
            struct text usual = settings_path(p->arena, main_folder, text_z(os_default_state_dir()));
            struct span s = builder_text(p->builder, usual);
            builder_settings(p->builder)->state_dir = s;
        }
    }
    struct span list =
        builder_list(p->builder, p->relay_patterns, p->relay_pattern_count, sizeof *p->relay_patterns);
    builder_settings(p->builder)->relay_patterns = list;
}
