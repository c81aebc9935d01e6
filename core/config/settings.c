#include "settings.h"

#include "config.h"
#include "core/base/scan.h"
#include "rule_line.h"

struct setting {
    const char *name;
    /* VALUE is trimmed, without comment, and not empty unless may_be_empty. AT is its place in the line. */
    void (*parse)(struct settings_parse *p, struct line *l, struct text value, size_t at);
    bool may_be_empty;
    bool repeats;
    bool is_reply; /* ' #' starts no comment in it */
};

static size_t place(const struct line *l, struct text word)
{
    return (size_t)(word.p - l->text.p);
}

static void parse_own_names(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    struct span names[256];
    size_t count = 0;
    (void)at;
    for (struct text word = scan_word(&value); word.n; word = scan_word(&value)) {
        if (count == sizeof names / sizeof *names) {
            line_error(l, place(l, word),
                       "at most %zu names are allowed; '.example.org' covers that name and all names below it",
                       count);
            return;
        }
        for (size_t c = 0; c < word.n; c++)
            if (!is_alnum((unsigned char)word.p[c]) && !strchr(".-_", word.p[c])) {
                line_error(
                    l, place(l, word) + c, "a domain name cannot contain '%c'; separate names with blanks",
                    (unsigned char)word.p[c] > 0x1f && (unsigned char)word.p[c] < 0x7f ? word.p[c] : '?');
                return;
            }
        names[count++] = builder_text(p->builder, word);
    }
    struct span list = builder_list(p->builder, names, count, sizeof *names);
    builder_settings(p->builder)->own_names = list;
}

/* A list of addresses or networks; returns its place in the block. */
static struct span parse_networks(struct settings_parse *p, struct line *l, struct text value, bool addresses)
{
    struct network networks[512];
    size_t count = 0;
    for (struct text word = scan_word(&value); word.n; word = scan_word(&value)) {
        struct ip_prefix prefix;
        if (count == sizeof networks / sizeof *networks) {
            line_error(l, place(l, word), "at most %zu entries are allowed", count);
            break;
        }
        if (!ip_prefix_parse(word, false, &prefix)) {
            if (ip_prefix_parse(word, true, &prefix))
                line_error(l, place(l, word), "'%.*s' has bits set after its prefix length", (int)word.n,
                           word.p);
            else
                line_error(l, place(l, word), "'%.*s' is not an %s", (int)word.n, word.p,
                           addresses ? "address" : "address or a network (192.0.2.0/24)");
            continue;
        }
        if (addresses && prefix.bits != ip_bits(&prefix.ip)) {
            line_error(l, place(l, word), "'%.*s' is a network; own-addresses takes single addresses",
                       (int)word.n, word.p);
            continue;
        }
        struct network n = {.v6 = prefix.ip.v6, .bits = prefix.bits};
        memcpy(n.byte, prefix.ip.byte, sizeof n.byte);
        networks[count++] = n;
    }
    return builder_list(p->builder, networks, count, sizeof *networks);
}

static void parse_own_addresses(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    (void)at;
    struct span list = parse_networks(p, l, value, true);
    builder_settings(p->builder)->own_addresses = list;
}

static void parse_own_networks(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    (void)at;
    struct span list = parse_networks(p, l, value, false);
    builder_settings(p->builder)->own_networks = list;
}

static void parse_submission_ports(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    uint32_t ports[64];
    size_t count = 0;
    (void)at;
    for (struct text word = scan_word(&value); word.n; word = scan_word(&value)) {
        uint64_t port;
        if (!text_number(word, 65535, &port) || port == 0 || count == sizeof ports / sizeof *ports) {
            line_error(l, place(l, word),
                       "'%.*s' is not a port; ports are numbers from 1 to 65535, at most 64 of them",
                       (int)word.n, word.p);
            return;
        }
        ports[count++] = (uint32_t)port;
    }
    struct span list = builder_list(p->builder, ports, count, sizeof *ports);
    builder_settings(p->builder)->submission_ports = list;
}

/* One of two words. Returns 0 or 1, or -1 with the error reported. */
static int one_of(struct line *l, struct text value, size_t at, const char *first, const char *second)
{
    if (text_eq_nocase(value, text_z(first)))
        return 0;
    if (text_eq_nocase(value, text_z(second)))
        return 1;
    line_error(l, at, "expected '%s' or '%s', not '%.*s'", first, second, (int)(value.n < 40 ? value.n : 40),
               value.p);
    return -1;
}

static void parse_judge_authenticated(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    builder_settings(p->builder)->judge_authenticated = one_of(l, value, at, "no", "yes") == 1;
}

static void parse_mode(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    builder_settings(p->builder)->log_only = one_of(l, value, at, "enforce", "log") == 1;
}

static void parse_on_error(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    builder_settings(p->builder)->on_error_tempfail = one_of(l, value, at, "pass", "tempfail") == 1;
}

static void parse_block_at(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    builder_settings(p->builder)->block_at_mail = one_of(l, value, at, "connect", "mail") == 1;
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

static struct span path_span(struct settings_parse *p, struct text value)
{
    return builder_text(p->builder, settings_path(p->arena, p->folder, value));
}

static void parse_table_path(struct settings_parse *p, struct text value, uint32_t slot)
{
    if (value.n)
        builder_table_path(p->builder, slot, settings_path(p->arena, p->folder, value), false);
}

static void parse_exempt_table(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    (void)l, (void)at;
    parse_table_path(p, value, TABLE_EXEMPT);
}

static void parse_block_table(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    (void)l, (void)at;
    parse_table_path(p, value, TABLE_BLOCK);
}

static void parse_trap_table(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    (void)l, (void)at;
    parse_table_path(p, value, TABLE_TRAP);
}

/* The look at the state directory before the rules are read (config_state_dir) sees the main file only. */
static void parse_state_dir(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    if (!p->is_main_file) {
        line_error(l, at, "state-dir must be in the main rule file, not in an included one");
        return;
    }
    struct span s = path_span(p, value);
    builder_settings(p->builder)->state_dir = s;
}

static void parse_test_clock(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    line_warning(l, at, "test-clock is for tests only: the engine reads the time from that file");
    struct span s = path_span(p, value);
    builder_settings(p->builder)->test_clock = s;
}

static void parse_block_time(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    uint32_t steps[3] = {0};
    size_t count = 0;
    (void)at;
    for (struct text word = scan_word(&value); word.n; word = scan_word(&value)) {
        if (count == 3) {
            line_error(l, place(l, word),
                       "at most three times are allowed: for the first stay, the second, and every later one");
            return;
        }
        if (!scan_duration(word, &steps[count++])) {
            line_error(l, place(l, word), "'%.*s' is not a time; write it like 30m, 6h or 24h", (int)word.n,
                       word.p);
            return;
        }
    }
    struct settings *s = builder_settings(p->builder);
    for (size_t step = 0; step < 3; step++)
        s->block_time[step] = steps[step < count ? step : count - 1];
}

static bool parse_duration(struct line *l, struct text value, size_t at, uint32_t *out)
{
    return scan_duration(value, out) || line_error(l, at, "'%.*s' is not a time; write it like 30m, 6h or 30d",
                                                   (int)(value.n < 40 ? value.n : 40), value.p);
}

static void parse_block_memory(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    parse_duration(l, value, at, &builder_settings(p->builder)->block_memory);
}

static void parse_relay_block(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    parse_duration(l, value, at, &builder_settings(p->builder)->relay_block);
}

static void parse_block_entries(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    uint64_t n;
    if (!text_number(value, 100000000, &n) || n < 64)
        line_error(l, at, "expected a number from 64 to 100000000");
    else
        builder_settings(p->builder)->block_entries = (uint32_t)n;
}

static void parse_block_prefix(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    uint64_t v4, v6;
    struct text first = scan_word(&value), second = scan_word(&value), more = scan_word(&value);
    /* Shorter ones would put whole providers on the list for one zombie. */
    if (more.n || !text_number(first, 32, &v4) || v4 < 8 || !text_number(second, 128, &v6) || v6 < 16) {
        line_error(l, at, "expected two prefix lengths, for IPv4 (8 to 32) and IPv6 (16 to 128), like 32 64");
        return;
    }
    struct settings *s = builder_settings(p->builder);
    s->block_prefix[0] = (uint32_t)v4;
    s->block_prefix[1] = (uint32_t)v6;
}

static struct text unquoted(struct text value)
{
    return value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"' ? text_of(value.p + 1, value.n - 2)
                                                                            : value;
}

static void parse_block_reply(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    value = unquoted(value);
    if (!reply_check(l, at, value, true))
        return;
    struct span s = builder_text(p->builder, value);
    builder_settings(p->builder)->block_reply = s;
}

static void parse_relay_reply(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    value = unquoted(value);
    if (!reply_check(l, at, value, true))
        return;
    struct span s = builder_text(p->builder, value);
    builder_settings(p->builder)->relay_reply = s;
}

/* "envelope 3 clients 1h" */
static void parse_relay_pattern(struct settings_parse *p, struct line *l, struct text value, size_t at)
{
    struct text key = scan_word(&value), number = scan_word(&value), clients = scan_word(&value),
                window = scan_word(&value), more = scan_word(&value);
    struct relay_pattern pattern = {0};
    uint64_t n;
    bool envelope = text_eq_nocase(key, TEXT("envelope"));
    if (!envelope && !text_eq_nocase(key, TEXT("subject"))) {
        line_error(l, at, "expected 'envelope' or 'subject', as in: relay-pattern = envelope 3 clients 1h");
        return;
    }
    if (!text_number(number, 8, &n) || n < 2 || !text_eq_nocase(clients, TEXT("clients")) ||
        !scan_duration(window, &pattern.seconds) || more.n) {
        line_error(l, at,
                   "expected a number of clients from 2 to 8 and a time, as in: relay-pattern = envelope 3 "
                   "clients 1h");
        return;
    }
    pattern.key = envelope ? RELAY_ENVELOPE : RELAY_SUBJECT;
    pattern.clients = (uint32_t)n;
    if (p->relay_pattern_count == sizeof p->relay_patterns / sizeof *p->relay_patterns) {
        line_error(l, at, "too many relay patterns");
        return;
    }
    p->relay_patterns[p->relay_pattern_count++] = pattern;
}

static const struct setting registry[] = {
    {"own-names", parse_own_names, true, false, false},
    {"own-addresses", parse_own_addresses, true, false, false},
    {"own-networks", parse_own_networks, true, false, false},
    {"judge-authenticated", parse_judge_authenticated, false, false, false},
    {"submission-ports", parse_submission_ports, true, false, false},
    {"exempt-table", parse_exempt_table, true, false, false},
    {"block-table", parse_block_table, true, false, false},
    {"trap-table", parse_trap_table, true, false, false},
    {"state-dir", parse_state_dir, false, false, false},
    {"block-time", parse_block_time, false, false, false},
    {"block-memory", parse_block_memory, false, false, false},
    {"block-entries", parse_block_entries, false, false, false},
    {"block-prefix", parse_block_prefix, false, false, false},
    {"block-at", parse_block_at, false, false, false},
    {"block-reply", parse_block_reply, false, false, true},
    {"relay-pattern", parse_relay_pattern, true, true, false},
    {"relay-block", parse_relay_block, false, false, false},
    {"relay-reply", parse_relay_reply, false, false, true},
    {"mode", parse_mode, false, false, false},
    {"on-error", parse_on_error, false, false, false},
    {"test-clock", parse_test_clock, true, false, false},
};

enum { SETTING_COUNT = sizeof registry / sizeof *registry };
_Static_assert((int)SETTING_COUNT + (int)HOST_SETTINGS <= (int)SETTINGS_MOST,
               "line_of has a place for each setting");

/* Of all settings: those of the engine first, then those of hosts. */
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

/* One that the engine only keeps. */
static void parse_host_setting(struct settings_parse *p, struct line *l, unsigned which, struct text value,
                               size_t at)
{
    const struct host_setting *h = &host_settings[which];
    char words[128];
    struct text wrong;
    size_t n = host_settings_take(h, value, words, sizeof words, &wrong);
    if (n == SIZE_MAX) {
        line_error(l, wrong.n ? place(l, wrong) : at,
                   h->is_list ? "expected any of these words: %s" : "expected one of: %s", h->words);
        return;
    }
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
    l->at++; /* the '=' that settings_is_line() saw */
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
    struct text value = value_of(l, registry[i].is_reply);
    if (value.n == 0 && !registry[i].may_be_empty)
        line_error(l, at, "'%s' needs a value", registry[i].name);
    else if (value.n || !registry[i].repeats)
        registry[i].parse(p, l, value, (size_t)(value.p - l->text.p));
}

void settings_defaults(struct settings_parse *p)
{
    struct network own[2] = {{.byte = {127}, .bits = 8}, {.v6 = 1, .bits = 128}};
    const uint32_t ports[2] = {465, 587};
    own[1].byte[15] = 1;
    struct span networks = builder_list(p->builder, own, 2, sizeof *own);
    struct span submission = builder_list(p->builder, ports, 2, sizeof *ports);
    struct span block_reply =
        builder_text(p->builder, TEXT("554 5.7.1 Connection refused because of short-term restriction"));
    struct span relay_reply = builder_text(p->builder, TEXT("550 5.7.1 Apparent open relay"));
    struct span host[HOST_SETTINGS];
    for (unsigned i = 0; i < HOST_SETTINGS; i++)
        host[i] = builder_text(p->builder, text_z(host_settings[i].by_default));
    struct settings *s = builder_settings(p->builder);
    memcpy(s->host, host, sizeof s->host);
    s->own_networks = networks;
    s->submission_ports = submission;
    s->block_reply = block_reply;
    s->relay_reply = relay_reply;
    s->block_time[0] = 30 * 60;
    s->block_time[1] = 6 * 3600;
    s->block_time[2] = 24 * 3600;
    s->block_memory = 30 * 86400;
    s->block_entries = 65536;
    s->block_prefix[0] = 32;
    s->block_prefix[1] = 64;
    s->relay_block = 7 * 86400;
}

static bool was_set(const struct settings_parse *p, const char *name)
{
    for (unsigned i = 0; i < SETTING_COUNT; i++)
        if (strcmp(registry[i].name, name) == 0)
            return p->line_of[i] != 0;
    return false;
}

void settings_finish(struct settings_parse *p, const char *main_folder)
{
    static const struct {
        const char *setting;
        uint32_t slot;
        struct text file;
    } beside[] = {
        {"exempt-table", TABLE_EXEMPT, {"exempt.cdb", 10}},
        {"block-table", TABLE_BLOCK, {"block.cdb", 9}},
        {"trap-table", TABLE_TRAP, {"traps.cdb", 9}},
    };
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        if (!was_set(p, beside[i].setting))
            builder_table_path(p->builder, beside[i].slot, settings_path(p->arena, main_folder, beside[i].file),
                               true);
    if (!was_set(p, "state-dir")) {
        struct span usual =
            builder_text(p->builder, settings_path(p->arena, main_folder, text_z(os_default_state_dir())));
        builder_settings(p->builder)->state_dir = usual;
    }
    struct span list =
        builder_list(p->builder, p->relay_patterns, p->relay_pattern_count, sizeof *p->relay_patterns);
    builder_settings(p->builder)->relay_patterns = list;
}
