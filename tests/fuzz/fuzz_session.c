/*
 * Input: a conversation, one event a line (session_mutator.h): connections, commands, header fields, what a host tells
 * besides, changes of the clock, of the tables and of the rules, and bytes changed in the state files. It is played
 * twice, the second time with a trace, so that every rule is asked and none is left to the index; both must decide
 * alike. After each verdict holds what hosts rely on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/state/slots.h"
#include "insist.h"
#include "session_mutator.h"
#include "tests/unit/lib/system.h"
#include "tools/tables/maker.h"

#include "core/gatepost.h"

enum { START = 1180399293, VARIANTS = 4, TABLES = 3, ANSWERS = 1000, LINES_EACH = 40 };

static const char all_kinds[] =
    "own-names = mx.example.com .example.org\nblock-entries = 64\nrecipient-delimiter = +\ntrap-table = "
    "traps.cdb\n"
    "relay-pattern = envelope 2 clients 1h\nrelay-pattern = subject 3 clients 1d\n"
    "connect, \"*dyn*\", log, \"dyn\"\nhelo, own-name, refuse block, \"554 5.7.1 me\"\n"
    "helo-deferred, not fqdn, fail block(1h), \"554 name\"\nmail, own-sender, fail, \"553 ours\"\n"
    "rcpt, trap, close block(24h) bounces, \"554 trap\"\nrcpt, \"*lennon@*\", fail block, \"550 lennon\"\n"
    "rcpt, \"*\", log, \"all\"\nheader, \"X-A:*\", log block, \"a\"\nheader, \"*secret*\", fail, \"554 s\"\n"
    "subject, \"*pills*\", fail block, \"554 pills\"\nmessage-id, not msg-id, fail, \"553 id\"\n"
    "headers, not has(Message-ID), fail, \"553 none\"\nheaders, not once(From), log, \"from\"\n";
static const char other_settings[] =
    "own-names = mx.example.com\nblock-entries = 64\nblock-prefix = 24 48\nblock-at = mail\nsubmission-ports = "
    "587\n"
    "judge-authenticated = yes\non-error = tempfail\nrelay-pattern = envelope 2 clients 1h\nrelay-block = log\n"
    "connect, \"unknown *\", fail block, \"554 unknown\"\nhelo, client-literal, exempt\n"
    "helo, bare-address, drop\nmail, \"*<>*\", log block, \"null\"\nrcpt, \"*sugar*\", fail block, \"554 "
    "sugar\"\n"
    "rcpt, \"*lennon@*\" and not own-sender and fqdn, hold block, \"554 held\"\n"
    "headers, not has(Message-ID), log block(2d), \"none\"\n";
static const char trial[] =
    "mode = log\nblock-entries = 64\nhelo, \"*\", refuse block, \"554 a\"\nrcpt, \"*\", fail, \"450 later\"\n"
    "header, \"*\", log, \"h\"\n";
/* With an error the former rules stay. */
static const char broken[] = "helo, fqnd, refuse\n";
static const char *const rules[VARIANTS] = {all_kinds, other_settings, trial, broken};

static const char nobody[] = "192.0.2.1 all\n";
static const char many[] =
    "203.0.113.0/24 headers message-id\n203.0.113.9 none\nfrom:@partner.example all\nto:postmaster@ rcpt\n"
    "helo:client.example.net subject\n.partner.example blocklist\n";
static const char few[] = "2001:db8::/32 all\n198.51.100.1 blocklist\nto:sugar@example.com rcpt\n";
static const char *const exempt[TABLES] = {nobody, many, few};

struct answer {
    uint32_t action, code;
    char cause[80];
};

/* One of the two times. */
struct play {
    const struct gp_api *api;
    struct gp_session *session;
    struct answer answer[ANSWERS];
    size_t answers;
    struct gp_verdict first; /* that refused the session */
    char first_reply[600];
    bool refused, null_sender, in_mail, trace;
};

static char folder[100];
static struct gp_engine *engine;
static int64_t now;
static size_t lines;
static unsigned rules_now, table_now, inputs;

static const char *path_of(const char *name)
{
    static char ring[4][200];
    static unsigned next;
    char *path = ring[next++ % 4];
    snprintf(path, sizeof ring[0], "%s/%s", folder, name);
    return path;
}

static void on_line(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context;
    lines++;
    insist(level <= GP_LOG_NOTICE && strlen(line) == n && strncmp(line, "gatepost: ", 10) == 0);
    for (size_t i = 0; i < n; i++)
        insist((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
}

static int64_t on_clock(void *context)
{
    (void)context;
    return now;
}

static void on_trace(void *context, const char *line, size_t n)
{
    (void)context;
    for (size_t i = 0; i < n; i++)
        insist((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
}

/* The number that TEXT begins with, within reason. */
static long long number(const char *text)
{
    const long long most = 100000000000, n = strtoll(text, NULL, 10);
    return n > most ? most : n < -most ? -most : n;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of("beside"), "wb");
    insist(file && fwrite(text, 1, strlen(text), file) == strlen(text));
    fclose(file);
    insist(os_rename(path_of("beside"), path_of(name)) == 0);
}

static void make_table(const char *name, const char *text)
{
    struct report report = {0};
    char in[200], out[200];
    snprintf(in, sizeof in, "%s", path_of("table.txt"));
    snprintf(out, sizeof out, "%s", path_of(name));
    struct table_job job = {.report = &report, .in = in, .out = out};
    write_file("table.txt", text);
    insist(table_make(&job) == 0);
}

static void set_rules(unsigned which)
{
    if (which != rules_now)
        write_file("gatepost.conf", rules[which]);
    rules_now = which;
}

static void set_table(unsigned which)
{
    if (which != table_now)
        make_table("exempt.cdb", exempt[which]);
    table_now = which;
}

static void remove_folder(void)
{
    gatepost_api(GP_API_MAJOR)->engine_close(&engine);
    folder_remove_all(folder);
}

static void open_engine(void)
{
    const struct gp_api *api = gatepost_api(GP_API_MAJOR);
    const struct gp_host host = {.size = sizeof host, .log = on_line, .clock = on_clock};
    const struct gp_open_options o = {
        .size = sizeof o, .flags = GP_CAN_HOLD, .host = &host, .config = path_of("gatepost.conf")};
    struct gp_error error = {.size = sizeof error};
    if (engine)
        api->engine_close(&engine);
    insist(api->engine_open(&o, &engine, &error) == 1);
}

/* What earlier inputs left behind. */
static void forget_state(const char *name, const char *magic, uint32_t record_size, uint32_t entries)
{
    const struct slots_shape shape = {.magic = magic, .record_size = record_size, .entries = entries};
    struct slots s;
    char reason[300];
    insist(slots_open(&s, path_of("state"), name, &shape, 0, reason, sizeof reason) == 1);
    slots_clear(&s);
    slots_close(&s);
}

static void start_over(void)
{
    now = START;
    if (!folder[0]) {
        folder_make_own(folder, sizeof folder);
        folder_make(path_of("state"));
        atexit(remove_folder);
        rules_now = table_now = UINT32_MAX;
        make_table("traps.cdb", "to:sugar@example.com\nto:honey@\n");
    }
    set_rules(0);
    set_table(0);
    if (!engine || inputs++ % 2000 == 0)
        open_engine();
    forget_state("blocklist", "gpblock1", 64, 64);
    forget_state("sightings", "gpsight1", 256, 16384);
    gatepost_api(GP_API_MAJOR)->engine_refresh(engine);
}

static void check_verdict(struct play *p, int action, const struct gp_verdict *v, bool later)
{
    insist(action >= GP_PASS && action <= GP_HOLD && v->action == (uint32_t)action && v->phase <= GP_PHASE_END);
    insist(strlen(v->reply) == v->reply_size && strlen(v->text) == v->text_size &&
           strlen(v->cause) == v->cause_size);
    insist(v->block_seconds <= SLOTS_LONGEST && (action == GP_PASS) == (v->code == 0));
    insist(action == GP_PASS
               ? v->reply_size == 0 && v->cause_size == 0 && v->block_seconds == 0
               : v->code >= 400 && v->code <= 599 && v->phase != GP_PHASE_NONE && v->cause_size > 0);
    for (size_t i = 0; i < v->reply_size; i++)
        insist((unsigned char)v->reply[i] >= 0x20 && v->reply[i] != 0x7f);
    /* The one rule with `bounces` is a trap's, and answers 554 trap. */
    if (p->in_mail && p->null_sender && v->block_seconds && v->phase >= GP_PHASE_MAIL)
        insist(strcmp(v->reply, "554 trap") == 0);
    if (later && p->refused)
        insist(v->action == p->first.action && strcmp(v->reply, p->first_reply) == 0);
    if (!p->refused && action >= GP_REFUSE && action <= GP_DROP) {
        p->refused = true;
        p->first = *v;
        snprintf(p->first_reply, sizeof p->first_reply, "%s", v->reply);
    }
}

static void answered(struct play *p, int action, const struct gp_verdict *v, bool later)
{
    check_verdict(p, action, v, later);
    if (p->answers == ANSWERS)
        return;
    struct answer *a = &p->answer[p->answers++];
    *a = (struct answer){.action = v->action, .code = v->code};
    snprintf(a->cause, sizeof a->cause, "%.79s", v->cause);
}

/* "address|name|port|local name" */
static void open_session(struct play *p, char *text)
{
    char none[] = "";
    char *part[4] = {text, none, none, none};
    for (size_t i = 1; i < 4 && part[i - 1]; i++) {
        char *bar = strchr(part[i - 1], '|');
        if (!bar)
            break;
        *bar = '\0';
        part[i] = bar + 1;
    }
    const struct gp_client c = {.size = sizeof c,
                                .address = part[0],
                                .address_size = strlen(part[0]),
                                .name = part[1],
                                .name_size = strlen(part[1]),
                                .name_state = part[1][0] ? GP_NAME_VERIFIED : GP_NAME_UNKNOWN,
                                .local_port = (uint32_t)number(part[2]),
                                .local_name = part[3],
                                .local_name_size = strlen(part[3])};
    p->api->session_close(&p->session);
    insist(p->api->session_open(engine, &c, &p->session) == 0);
    p->refused = p->in_mail = p->null_sender = false;
    if (p->trace) {
        const struct gp_trace_ext *trace = p->api->get_ext("trace/1");
        trace->set(p->session, on_trace, NULL);
    }
}

static void command(struct play *p, char kind, const char *text, size_t n)
{
    const uint32_t flags = strchr("hmr", kind) ? GP_ARGUMENT : strchr("JNS", kind) ? GP_CUT : 0;
    struct gp_verdict v = {.size = sizeof v};
    int action;
    if (strchr("HhJ", kind)) {
        action = p->api->helo(p->session, text, n, flags, &v);
    } else if (strchr("MmN", kind)) {
        p->null_sender = n == 12 && memcmp(text, "MAIL FROM:<>", 12) == 0;
        p->in_mail = p->null_sender;
        action = p->api->mail(p->session, text, n, flags, &v);
    } else {
        action = p->api->rcpt(p->session, text, n, flags, &v);
    }
    answered(p, action, &v, true);
}

static void phase(struct play *p, char kind)
{
    struct gp_verdict v = {.size = sizeof v};
    int action = kind == 'C'   ? p->api->connect(p->session, &v)
                 : kind == 'D' ? p->api->data(p->session, &v)
                 : kind == 'E' ? p->api->end_of_headers(p->session, &v)
                               : p->api->end_of_message(p->session, 1, &v);
    answered(p, action, &v, kind == 'D');
}

/* Byte VALUE at OFFSET of a state file, as another program would write it. */
static void damage(const char *text)
{
    char *rest = NULL;
    const long which = strtol(text, &rest, 10), offset = strtol(rest, &rest, 10),
               value = strtol(rest, NULL, 10);
    char path[200];
    snprintf(path, sizeof path, "%s/%s", path_of("state"), which ? "sightings" : "blocklist");
    FILE *file = fopen(path, "r+b");
    if (!file)
        return;
    if (fseek(file, 0, SEEK_END) == 0 && offset >= 0 && offset < ftell(file) &&
        fseek(file, offset, SEEK_SET) == 0)
        fputc((int)(value & 255), file);
    fclose(file);
}

/* What changes around the sessions. */
static void surroundings(const struct play *p, char kind, const char *text)
{
    if (kind == 'L')
        now = now + number(text) > 0 ? now + number(text) : now;
    else if (kind == 'B')
        set_table((unsigned)number(text) % TABLES);
    else if (kind == 'G')
        set_rules((unsigned)number(text) % VARIANTS);
    else if (kind == 'W')
        damage(text);
    if (strchr("BGW", kind))
        p->api->engine_refresh(engine);
}

static void told(struct play *p, char kind, const char *text, size_t n)
{
    const char *colon = memchr(text, ':', n);
    const size_t name = colon ? (size_t)(colon - text) : n;
    switch (kind) {
    case 'A':
        p->api->auth(p->session);
        break;
    case 'T':
        p->api->header_text(p->session, text, n);
        break;
    case 'F':
        p->api->header(p->session, text, name, colon ? colon + 1 : "", colon ? n - name - 1 : 0);
        break;
    case 'X':
        p->api->reset(p->session);
        break;
    case 'Y':
        p->api->rcpt_rejected(p->session);
        break;
    case 'U':
        p->api->unknown(p->session, (uint32_t)number(text));
        break;
    case 'V':
        p->api->client_name(p->session, text + (n > 0), n - (n > 0), n ? (uint32_t)text[0] - '0' : 0);
        break;
    case 'P':
    case 'p':
        p->api->mail_parsed(p->session, text, n, kind == 'p' ? GP_SECOND : 0);
        break;
    default:
        p->api->rcpt_parsed(p->session, text, n, kind == 'q' ? GP_SECOND : 0);
        break;
    }
}

/* The text of an event in memory of its own size, so that a byte too far is seen; \x1f is a line end. */
static char *text_copy(const uint8_t *at, size_t size, size_t *n)
{
    char *copy = malloc(2 * size + 1);
    insist(copy != NULL);
    *n = 0;
    for (size_t i = 0; i < size; i++) {
        if (at[i] == 0x1f)
            copy[(*n)++] = '\r';
        copy[(*n)++] = at[i] == 0x1f ? '\n' : (char)at[i];
    }
    copy[*n] = '\0';
    return copy;
}

static void play(struct play *p, const struct events *e)
{
    char anybody[] = "203.0.113.9|||";
    start_over();
    p->api = gatepost_api(GP_API_MAJOR);
    lines = 0;
    open_session(p, anybody);
    for (size_t i = 0; i < e->count; i++) {
        const char kind = e->n[i] ? (char)e->at[i][0] : '\0';
        size_t n = 0;
        if (!kind)
            continue;
        char *text = text_copy(e->at[i] + 1, e->n[i] - 1, &n);
        if (kind == 'O')
            open_session(p, text);
        else if (strchr("HhJMmNRrS", kind))
            command(p, kind, text, n);
        else if (strchr("CDEZ", kind))
            phase(p, kind);
        else if (strchr("LBGW", kind))
            surroundings(p, kind, text);
        else if (strchr("ATFXYUVPpQq", kind))
            told(p, kind, text, n);
        free(text);
    }
    p->api->session_close(&p->session);
    insist(lines <= (e->count + 2) * LINES_EACH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct play once, traced;
    struct events e;
    events_split(data, size, &e);
    once = (struct play){.trace = false};
    traced = (struct play){.trace = true};
    play(&once, &e);
    play(&traced, &e);
    for (size_t i = 0; i < e.count; i++)
        if (e.n[i] && e.at[i][0] == 'W') /* when it is noticed is for the clock of the machine to say */
            return 0;
    insist(once.answers == traced.answers);
    for (size_t i = 0; i < once.answers; i++)
        insist(once.answer[i].action == traced.answer[i].action &&
               once.answer[i].code == traced.answer[i].code &&
               strcmp(once.answer[i].cause, traced.answer[i].cause) == 0);
    return 0;
}
