#include "plugin.h"

#include <stdio.h>

#include "checks.h"
#include "core/base/scan.h"

enum { NAME_MOST = 40 };

_Static_assert(GP_AT_CONNECT == OP_BIT(OP_CONNECT) && GP_AT_HELO == OP_BIT(OP_HELO) &&
                   GP_AT_HELO_DEFERRED == OP_BIT(OP_HELO_DEFERRED) && GP_AT_MAIL == OP_BIT(OP_MAIL) &&
                   GP_AT_RCPT == OP_BIT(OP_RCPT) && GP_AT_HEADER == OP_BIT(OP_HEADER) &&
                   GP_AT_SUBJECT == OP_BIT(OP_SUBJECT) && GP_AT_MESSAGE_ID == OP_BIT(OP_MESSAGE_ID) &&
                   GP_AT_HEADERS == OP_BIT(OP_HEADERS) && GP_AT_ALL == OP_BIT(OP_COUNT) - 1,
               "a plugin's operations are the engine's");

/* The checks that come with gatepost, for messages. */
static const struct {
    const char *check;
    const char *plugin;
} shipped[] = {{"regex", "checks/regex"}, {"dnsbl", "checks/dnsbl"}};

const char *plugin_of(struct text name)
{
    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++)
        if (text_eq_nocase(name, text_z(shipped[i].check)))
            return shipped[i].plugin;
    return NULL;
}

static void silent_log(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context, (void)level, (void)line, (void)n;
}

static int64_t system_clock(void *context)
{
    (void)context;
    return os_clock();
}

const struct gp_check_host plugin_silent_host = {
    .size = sizeof plugin_silent_host, .limit_ms = PLUGIN_LIMIT_MS, .log = silent_log, .clock = system_clock};

plugin_list plugin_open(const char *path, char *reason, size_t cap)
{
    void (*function)(void);
    plugin_list (*checks)(uint32_t major);
    int found = os_plugin(path, "gatepost_checks", &function, reason, cap);
    if (found < 0)
        return NULL;
    if (found == 0) {
        snprintf(reason, cap, "it is not a gatepost plugin: it has no function gatepost_checks");
        return NULL;
    }
    memcpy(&checks, &function, sizeof checks);
    plugin_list list = checks(GP_CHECK_MAJOR);
    if (!list)
        snprintf(reason, cap, "it is for another version of gatepost: it does not support version %u of checks",
                 GP_CHECK_MAJOR);
    return list;
}

static bool is_name(struct text name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!is_alnum((unsigned char)name.p[i]) && name.p[i] != '-' && name.p[i] != '_')
            return false;
    return name.n > 0 && name.n <= NAME_MOST;
}

static bool is_whole(const struct gp_check *check)
{
    return check->size >= sizeof *check && check->compile && check->match && check->usage &&
           (check->operations & GP_AT_ALL) != 0 && check->name && is_name(text_z(check->name));
}

const struct plugin_check *plugin_find(const struct plugin_known *c, struct text name)
{
    for (unsigned i = 0; i < c->count; i++)
        if (text_eq_nocase(name, text_z(c->known[i].check->name)))
            return &c->known[i];
    return NULL;
}

const struct gp_check *plugin_check_in(plugin_list list, struct text name)
{
    for (; list && *list; list++)
        if (is_whole(*list) && text_eq_nocase(name, text_z((*list)->name)))
            return *list;
    return NULL;
}

bool plugin_add(struct plugin_known *c, uint32_t plugin, plugin_list list, char *reason, size_t cap)
{
    for (; *list; list++) {
        const struct gp_check *check = *list;
        if (!is_whole(check)) {
            snprintf(reason, cap, "one of its checks does not follow gatepost.h");
            return false;
        }
        const struct text name = text_z(check->name);
        if (checks_find(name) < checks_count || plugin_find(c, name)) {
            snprintf(reason, cap, "the name of its check '%s' is already in use", check->name);
            return false;
        }
        if (c->count == PLUGIN_CHECKS_MOST) {
            snprintf(reason, cap, "at most %d checks from plugins are allowed", PLUGIN_CHECKS_MOST);
            return false;
        }
        c->known[c->count++] = (struct plugin_check){check, plugin};
    }
    return true;
}

const char *plugin_nearest(const struct plugin_known *c, struct text name)
{
    struct scan_near near = scan_near(name);
    for (unsigned i = 0; i < c->count; i++)
        scan_near_try(&near, c->known[i].check->name);
    return near.name;
}

size_t plugin_args_end(struct text text, size_t from)
{
    bool quoted = false;
    for (size_t i = from; i < text.n; i++) {
        if (text.p[i] == '"')
            quoted = !quoted;
        else if (text.p[i] == ')' && !quoted)
            return i;
    }
    return text.n;
}

static size_t word_end(struct text all, size_t at)
{
    while (at < all.n && !is_blank((unsigned char)all.p[at]) && all.p[at] != ',' && all.p[at] != '"')
        at++;
    return at;
}

int plugin_args(struct text all, struct gp_argument *args, size_t *at, const char **wrong)
{
    int n = 0;
    size_t i = scan_blanks(all, 0);
    if (i == all.n)
        return 0;
    for (;;) {
        const bool quoted = i < all.n && all.p[i] == '"';
        const size_t from = i + quoted;
        const size_t to = quoted ? text_find(all, from, '"') : word_end(all, from);
        *at = i;
        if (quoted ? to == all.n : to == from)
            *wrong = quoted ? "this quote is never closed" : "expected an argument: a word, or text in quotes";
        else if (n == PLUGIN_ARGS_MOST)
            *wrong = "too many arguments; no check takes more than 8";
        else
            *wrong = NULL;
        if (*wrong)
            return -1;
        args[n++] = (struct gp_argument){all.p + from, to - from};
        i = scan_blanks(all, to + quoted);
        if (i == all.n)
            return n;
        *at = i;
        if (all.p[i] != ',') {
            *wrong = "arguments must be separated by commas";
            return -1;
        }
        i = scan_blanks(all, i + 1);
    }
}

/* Returns where in ALL byte OFFSET of ARGUMENT is. */
static size_t place_in(struct text all, const struct gp_argument *args, int n, const struct gp_check_error *e)
{
    if (e->argument >= (uint32_t)n)
        return 0;
    const struct gp_argument *a = &args[e->argument];
    return (size_t)(a->text - all.p) + (e->offset < a->size ? e->offset : a->size);
}

int plugin_compile(const struct gp_check *check, const struct gp_check_host *host, struct text all, void **data,
                   size_t *at, char *reason, size_t cap)
{
    struct gp_argument args[PLUGIN_ARGS_MOST];
    struct gp_check_error error = {.size = sizeof error};
    const char *wrong = NULL;
    *data = NULL;
    *at = 0;
    int n = plugin_args(all, args, at, &wrong);
    if (n < 0) {
        snprintf(reason, cap, "%s", wrong);
        return -1;
    }
    if (check->compile(host, args, (size_t)n, data, &error) == 0)
        return 0;
    *data = NULL;
    *at = place_in(all, args, n, &error);
    error.message[sizeof error.message - 1] = '\0';
    snprintf(reason, cap, "%s", error.message[0] ? error.message : "the check does not accept these arguments");
    return -1;
}

static void set(const char **p, size_t *n, struct text t)
{
    *p = t.p ? t.p : "";
    *n = t.n;
}

/* CLIENT and LOCAL are room for the addresses as text. */
static void fill(struct gp_facts *to, const struct facts *f, char *client, char *local)
{
    const struct text none = TEXT("");
    to->unknown = f->unknown;
    to->name_state = f->name_state;
    to->client_port = f->client_port;
    to->local_port = f->local_port;
    to->authenticated = f->authenticated;
    set(&to->address, &to->address_size,
        f->client_known ? text_of(client, ip_format(&f->client, client)) : f->client_text);
    set(&to->name, &to->name_size, f->name);
    set(&to->local_address, &to->local_address_size,
        f->local_known ? text_of(local, ip_format(&f->local, local)) : none);
    set(&to->local_name, &to->local_name_size, f->local_name);
    set(&to->helo, &to->helo_size, f->helo);
    set(&to->sender, &to->sender_size, f->sender.address);
    set(&to->recipient, &to->recipient_size, f->recipient.address);
    set(&to->field, &to->field_size, f->field ? f->field->name : none);
    set(&to->value, &to->value_size, f->field ? text_trim(f->field->value) : none);
}

static int ask(const struct gp_check *check, void *data, struct gp_facts *facts, struct text subject)
{
    facts->why[0] = '\0'; /* left by an earlier call */
    int answer = check->match(data, facts, subject.p ? subject.p : "", subject.n);
    facts->why[facts->why_size - 1] = '\0';
    return answer == 0 || answer == 1 ? answer : -1;
}

int plugin_match(const struct gp_check *check, void *data, enum operation op, const struct facts *f,
                 struct text subject, struct writer *why)
{
    static const char *const plain[] = {"the check cannot say", "the check does not hold", "the check holds"};
    char client[IP_TEXT_MAX], local[IP_TEXT_MAX], reason[300];
    struct gp_facts facts = {
        .size = sizeof facts, .operation = OP_BIT(op), .why = reason, .why_size = sizeof reason};
    reason[0] = '\0';
    fill(&facts, f, client, local);
    int answer = ask(check, data, &facts, subject);
    /* As for patterns: the whole field, or else its value. */
    if (answer == 0 && op == OP_SUBJECT && f->field)
        answer = ask(check, data, &facts, text_of(facts.value, facts.value_size));
    if (why)
        writer_add(why, text_z(reason[0] ? reason : plain[answer + 1]));
    return answer;
}
