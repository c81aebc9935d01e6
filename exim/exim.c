/*
 * exim.c - the Exim adapter: tells an engine what Exim knows, and tells Exim what the engine decides. No policy
 * here.
 *
 * Two ways in, one binary. gatepost() is called from the ACLs of every phase by ${dlfunc}:
 *
 *     ${dlfunc{gatepost-exim.so}{gatepost}{PHASE}{OPTIONS}{$sender_host_address}{$received_ip_address}{$received_port}
 *             {$primary_hostname}{$sender_host_authenticated}{PAYLOAD}}
 *
 *     PHASE      PAYLOAD
 *     version    -                       value "2": this module takes parsed addresses. Asked once, at connect, it says
 *                                        that all phases of this session will be told
 *     connect    -                       value "name": the rules need the client's name; call again with
 *     name       $sender_host_name       "?" if it could not be looked up now
 *     helo       $smtp_command
 *     mail rcpt  LENGTH ADDRESS $smtp_command     ADDRESS is Exim's own parse, LENGTH bytes of it. The include of 0.1.0
 *                                        gives $smtp_command alone
 *     predata    -
 *     data       $message_size, a blank, $message_headers_raw
 *
 * The value is empty, or the ACL verb and the reply: "deny 554 …", "drop 554 …", "defer 451 …". OPTIONS is the
 * path of the rule file, or words of the form config=PATH state-dir=PATH on-error=tempfail. local_scan() is for
 * an Exim without ${dlfunc}: it judges the whole transaction after the final dot, and leaves alone what
 * gatepost() has judged. Its OPTIONS are $acl_c_gatepost_options, if an ACL has set that.
 *
 * Exim runs one process per connection, so the session is static. A process that finds the state of its parent
 * forgets it: loading us into the daemon is harmless. Failures: value and log line of fail(); Exim itself never
 * sees an error.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>
#include <syslog.h>
#include <unistd.h>

#include "core/gatepost.h"
#include "exim_abi.h"

#define DEFAULT_CONFIG "/etc/gatepost/gatepost.conf"

/* $message_headers_raw is never longer; what reaches this length was cut. */
#define RAW_HEADERS_MAX 65536u

/* Exim replies with at most one line of 512 bytes, CRLF included. */
#define REPLY_MAX 500

struct options {
    char buffer[1024]; /* the words, each ending in NUL */
    const char *config;
    const char *state_dir;
    bool tempfail; /* what an internal failure answers */
};

/* What Exim tells at the start of a session. An empty address: not over the network. */
struct peer {
    const char *options;
    const char *address;
    const char *local_address;
    const char *local_port;
    const char *local_name;
};

/* The one connection that this process serves. */
static struct connection {
    pid_t process;
    const struct gp_api *api;
    struct gp_engine *engine;
    struct gp_session *session;
    struct options options;
    char address[64]; /* of the client the session is about */
    char *helo;       /* the last greeting the engine was told; NULL: none, or there was no memory for it */
    bool whole;       /* the include asked for us at connect: no phase is left out */
    bool greeted;     /* the engine was told a greeting */
    bool connected;   /* the engine was asked about the connection */
    bool name_known;  /* the engine has the client's name, or knows that there is none */
    bool authenticated;
    bool transaction; /* the ACLs told us MAIL */
    bool judged;      /* the ACLs had this message judged */
    bool rcpt_passed; /* our verdict on the last RCPT */
    int rcpt_before;  /* recipients accepted when it was asked */
    bool failed;      /* and said so in the log */
    char value[REPLY_MAX + 16];
} self;

static const char *text_of(const uschar *s)
{
    return s ? (const char *)s : "";
}

static void log_line(const char *line)
{
    if (log_write)
        log_write(0, EXIM_LOG_MAIN, "%s", line);
    else
        syslog(LOG_MAIL | LOG_WARNING, "%s", line);
}

static void host_log(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context, (void)level, (void)n;
    log_line(line);
}

/* Something in us does not work: said once per process. */
static void fail(const char *reason)
{
    char line[800];

    if (self.failed)
        return;
    self.failed = true;
    snprintf(line, sizeof line, "gatepost: %s; this session is %s", reason,
             self.options.tempfail ? "deferred (on-error=tempfail)" : "not judged");
    log_line(line);
}

/* ---- options, engine, session ---- */

/* Takes apart "PATH" or "name=value name=value"; what does not fit or is not known is left out and logged. */
static void options_parse(struct options *o, const char *words)
{
    char *save = NULL;

    memset(o, 0, sizeof *o);
    if (strlen(words) >= sizeof o->buffer)
        log_line("gatepost: the options in the Exim configuration are too long and ignored");
    else
        memcpy(o->buffer, words, strlen(words) + 1);
    for (char *word = strtok_r(o->buffer, " \t\n", &save); word; word = strtok_r(NULL, " \t\n", &save)) {
        if (strncmp(word, "config=", 7) == 0)
            o->config = word + 7;
        else if (strncmp(word, "state-dir=", 10) == 0)
            o->state_dir = word + 10;
        else if (strcmp(word, "on-error=tempfail") == 0)
            o->tempfail = true;
        else if (strcmp(word, "on-error=pass") == 0)
            o->tempfail = false;
        else if (!o->config && !strchr(word, '='))
            o->config = word;
        else
            log_line("gatepost: an unknown option in the Exim configuration is ignored; known are config=, "
                     "state-dir= and on-error=");
    }
    if (!o->config)
        o->config = DEFAULT_CONFIG;
}

/* Opens the engine, once per process. False if there is none. */
static bool engine_open(const char *options)
{
    struct gp_host host = {.size = sizeof host, .log = log_write ? host_log : NULL};
    struct gp_open_options open = {.size = sizeof open, .host = &host};
    struct gp_error error = {.size = sizeof error};

    if (self.engine)
        return true;
    options_parse(&self.options, options);
    open.config = self.options.config;
    open.state_dir = self.options.state_dir;
    if (&host_checking && host_checking)
        open.flags |= GP_READ_ONLY;
    if (self.options.tempfail)
        open.flags |= GP_TEMPFAIL;
    self.api = gatepost_api(GP_API_MAJOR);
    if (!self.api || self.api->engine_open(&open, &self.engine, &error) < 0) {
        self.engine = NULL;
        fail(error.message[0] ? error.message : "the engine cannot be opened");
        return false;
    }
    return true;
}

/* Opens the session for PEER, without the client's name unless Exim has it already. False if that cannot be
 * done. */
static bool session_open(const struct peer *peer)
{
    struct gp_client client = {.size = sizeof client};
    long port = strtol(peer->local_port, NULL, 10);

    if (!engine_open(peer->options))
        return false;
    if (self.session)
        self.api->session_close(&self.session);
    client.address = peer->address;
    client.address_size = strlen(peer->address);
    client.local_address = peer->local_address;
    client.local_address_size = strlen(peer->local_address);
    client.local_port = port > 0 ? (uint32_t)port : 0; /* exim -bh says -1 */
    client.local_name = peer->local_name;
    client.local_name_size = strlen(peer->local_name);
    if (&sender_host_port && sender_host_port > 0)
        client.port = (uint32_t)sender_host_port;
    /* Exim sets it only after the name was resolved back to the address. */
    self.name_known = &sender_host_name && sender_host_name;
    if (self.name_known) {
        client.name = text_of(sender_host_name);
        client.name_size = strlen(client.name);
        client.name_state = GP_NAME_VERIFIED;
    }
    if (self.api->session_open(self.engine, &client, &self.session) < 0) {
        self.session = NULL;
        fail("out of memory");
        return false;
    }
    snprintf(self.address, sizeof self.address, "%s", peer->address);
    free(self.helo);
    self.helo = NULL;
    self.greeted = self.connected = false;
    self.authenticated = self.transaction = self.judged = self.rcpt_passed = false;
    return true;
}

/* Makes sure that the state is that of this process. What the parent had is forgotten, not freed: it is the parent's. */
static void own_process(void)
{
    if (self.process != getpid()) {
        memset(&self, 0, sizeof self);
        self.process = getpid();
    }
}

/* Makes sure that the session is that of this client. */
static bool session_ready(const struct peer *peer)
{
    if (self.session && strcmp(self.address, peer->address) == 0)
        return true;
    return session_open(peer);
}

/* TEXT expanded by Exim, which owns the value; "" if that is not possible. */
static const char *expand(const char *text)
{
    char copy[64];
    const uschar *value = NULL;

    snprintf(copy, sizeof copy, "%s", text);
    if (expand_string_2)
        value = expand_string_2((const uschar *)copy, NULL);
    else if (expand_string)
        value = expand_string((uschar *)copy);
    return text_of(value);
}

static bool name_missing(void)
{
    return !self.name_known && (self.api->needs(self.session) & GP_FACT_NAME) != 0;
}

/* Tells what a look-up gave: the name, "" for none, "?" for no answer at present. */
static void tell_name(const char *name)
{
    bool deferred = strcmp(name, "?") == 0;

    self.name_known = true;
    self.api->client_name(self.session, name, deferred ? 0 : strlen(name),
                          deferred ? GP_NAME_UNKNOWN
                          : *name  ? GP_NAME_VERIFIED
                                   : GP_NAME_NONE);
}

static void tell_auth(const char *authenticated)
{
    if (*authenticated && !self.authenticated) {
        self.authenticated = true;
        self.api->auth(self.session);
    }
}

/* Tells a greeting: the line as received. */
static int tell_helo(const char *line, struct gp_verdict *v)
{
    free(self.helo);
    self.helo = strdup(line);
    self.greeted = true;
    return self.api->helo(self.session, line, strlen(line), 0, v);
}

/* A greeting may have come and been accepted while we were not there, if the include asks for us in every phase. Exim knows
 * its name then. Where Exim cannot be asked, it is better not judged than taken for an empty one. */
static void tell_missed_helo(void)
{
    if (self.greeted || self.whole)
        return;
    if (!(expand_string || expand_string_2) || *expand("$sender_helo_name"))
        self.api->unknown(self.session, GP_FACT_HELO);
    self.greeted = true;
}

/* Exim counts the recipients it accepted: one that we let pass and that is not among them was turned away by
 * Exim. */
static void tell_last_rcpt(void)
{
    if (self.rcpt_passed && &recipients_count && recipients_count <= self.rcpt_before)
        self.api->rcpt_rejected(self.session);
    self.rcpt_passed = false;
}

/* ---- the header ---- */

static bool is_received(const char *field, size_t n)
{
    return n >= 9 && strncasecmp(field, "Received:", 9) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One field as Exim keeps it, with its folds and the line feed at its end. Exim takes any white space before the colon, and
 * bytes beyond ASCII in the name; what the engine does not take for a field it passes over. */
static void tell_field(const char *field, size_t n)
{
    const char *colon = memchr(field, ':', n);
    size_t name_size;

    if (!colon)
        return;
    while (n > 0 && (field[n - 1] == '\n' || field[n - 1] == '\r'))
        n--;
    for (name_size = (size_t)(colon - field); name_size > 0 && is_space(field[name_size - 1]);)
        name_size--;
    if (field + n > colon)
        self.api->header(self.session, field, name_size, colon + 1, (size_t)(field + n - colon) - 1);
}

/* The fields as the client sent them. Exim has put its own Received first; those further down are the client's.
 */
static void tell_header_list(void)
{
    bool own_seen = false;

    for (const struct exim_header *h = header_list; h; h = h->next) {
        size_t n = h->text && h->size > 0 ? (size_t)h->size : 0;
        if (!own_seen && is_received((const char *)h->text, n))
            own_seen = true; /* marked as deleted where received_header_text is empty */
        else if (n > 0 && h->type != EXIM_HEADER_DELETED)
            tell_field((const char *)h->text, n);
    }
}

/* The end of the field at TEXT: behind the first line feed that no blank follows. */
static const char *field_end(const char *text, const char *end)
{
    do {
        text = memchr(text, '\n', (size_t)(end - text));
        text = text ? text + 1 : end;
    } while (*text == ' ' || *text == '\t');
    return text;
}

/* The same from $message_headers_raw. */
static void tell_header_text(const char *text)
{
    const char *end = text + strlen(text);

    if (end - text >= RAW_HEADERS_MAX)
        self.api->unknown(self.session, GP_FACT_ALL_FIELDS);
    if (is_received(text, (size_t)(end - text)))
        text = field_end(text, end);
    while (text < end) {
        const char *next = field_end(text, end);
        tell_field(text, (size_t)(next - text));
        text = next;
    }
}

static int judge_message(const char *headers, uint64_t size, struct gp_verdict *verdict)
{
    if (&header_list)
        tell_header_list();
    else
        tell_header_text(headers);
    self.api->end_of_headers(self.session, NULL);
    self.transaction = false;
    return self.api->end_of_message(self.session, size, verdict);
}

/* ---- gatepost(): the function for ${dlfunc} ---- */

/* The ACL verb for a verdict. The first digit of the reply must fit it; Exim cannot close with a temporary
 * reply. */
static const char *verb_of(uint32_t action, uint32_t code)
{
    if (code / 100 == 4)
        return "defer";
    return action == GP_CLOSE || action == GP_DROP ? "drop" : "deny";
}

/* The verdict as the value of the function: one line of printable text. */
static const char *value_of(int action, const struct gp_verdict *v)
{
    bool reply = v->reply && v->reply_size > 0 && (v->code / 100 == 4 || v->code / 100 == 5);

    if (action == GP_PASS)
        return "";
    /* Exim's drop always says something: the nearest thing to a silent one. */
    snprintf(self.value, sizeof self.value, "%s %.*s", verb_of((uint32_t)action, reply ? v->code : 554),
             REPLY_MAX, reply ? v->reply : "554 5.7.1 Transaction refused");
    for (char *p = self.value; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = ' ';
    return self.value;
}

static const char *phase_connect(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};

    (void)payload;
    if (name_missing())
        return "name";
    self.connected = true;
    return value_of(self.api->connect(self.session, &v), &v);
}

static const char *phase_name(const char *payload)
{
    if (!self.name_known)
        tell_name(payload);
    return phase_connect("");
}

static const char *phase_helo(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};

    return value_of(tell_helo(payload, &v), &v);
}

/* Takes "LENGTH ADDRESS LINE" apart and tells the address by TELL. Returns LINE; PAYLOAD itself if that is all there is: a
 * command does not begin with a digit. */
static const char *tell_parsed(const char *payload, void (*tell)(struct gp_session *session,
                                                                 const char *address, size_t n, uint32_t flags))
{
    char *address;
    unsigned long n;

    if (*payload < '0' || *payload > '9')
        return payload;
    n = strtoul(payload, &address, 10);
    if (*address != ' ' || n >= strlen(address + 1) || address[1 + n] != ' ')
        return payload;
    tell(self.session, address + 1, n, 0);
    return address + n + 2;
}

static const char *phase_mail(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};

    /* Exim does not tell of RSET, but lets MAIL come only where no transaction is open. */
    if (self.transaction)
        self.api->reset(self.session);
    self.transaction = true;
    self.judged = self.rcpt_passed = false;
    payload = tell_parsed(payload, self.api->mail_parsed);
    return value_of(self.api->mail(self.session, payload, strlen(payload), 0, &v), &v);
}

static const char *phase_rcpt(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};
    int action;

    tell_last_rcpt();
    payload = tell_parsed(payload, self.api->rcpt_parsed);
    action = self.api->rcpt(self.session, payload, strlen(payload), 0, &v);
    self.rcpt_passed = action == GP_PASS;
    self.rcpt_before = &recipients_count ? recipients_count : 0;
    return value_of(action, &v);
}

static const char *phase_predata(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};

    (void)payload;
    tell_last_rcpt();
    return value_of(self.api->data(self.session, &v), &v);
}

static const char *phase_data(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};
    char *headers;
    long long size = strtoll(payload, &headers, 10);

    tell_last_rcpt();
    self.judged = true;
    if (*headers == ' ')
        headers++;
    return value_of(judge_message(headers, size > 0 ? (uint64_t)size : 0, &v), &v);
}

static const struct {
    const char *name;
    const char *(*judge)(const char *payload);
    bool after_helo;
} phases[] = {
    {"connect", phase_connect, false}, {"name", phase_name, false}, {"helo", phase_helo, false},
    {"mail", phase_mail, true},        {"rcpt", phase_rcpt, true},  {"predata", phase_predata, true},
    {"data", phase_data, true},
};

static const char *judge(const char *phase, const struct peer *peer, const char *authenticated,
                         const char *payload)
{
    if (strcmp(phase, "version") == 0) {
        self.whole = true;
        return "2";
    }
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        if (strcmp(phase, phases[i].name) != 0)
            continue;
        if (strcmp(phase, "connect") == 0)
            self.address[0] = '\0'; /* a new connection, whatever this process did before */
        if (!session_ready(peer))
            return self.options.tempfail ? "defer 451 4.3.0 Temporary local problem" : "";
        tell_auth(authenticated);
        if (phases[i].after_helo)
            tell_missed_helo();
        return phases[i].judge(payload);
    }
    return ""; /* also what a daemon asks that only wants us loaded */
}

GP_EXPORT int gatepost(uschar **yield, int argc, uschar *argv[]);
int gatepost(uschar **yield, int argc, uschar *argv[])
{
    const char *a[8];
    const char *value = "";

    for (int i = 0; i < 8; i++)
        a[i] = i < argc ? text_of(argv[i]) : "";
    own_process();
    if (*a[2]) /* else a local client (exim -bs): not judged */
        value = judge(a[0], &(struct peer){a[1], a[2], a[3], a[4], a[5]}, a[6], a[7]);
    if (value != self.value)
        snprintf(self.value, sizeof self.value, "%s", value);
    *yield = (uschar *)self.value; /* Exim copies it at once */
    return EXIM_DLFUNC_OK;
}

/* ---- local_scan(): the fallback ---- */

/* The greeting, unless the engine had it already. Exim keeps its name and whether it was EHLO. */
static int scan_helo(struct gp_verdict *v)
{
    const char *name = expand("$sender_helo_name");
    bool plain = &received_protocol && strcasecmp(text_of(received_protocol), "smtp") == 0;
    size_t size = strlen(name) + sizeof "EHLO ";
    char *line;
    int action = GP_PASS;

    if (!*name)
        return GP_PASS;
    line = malloc(size);
    if (!line) {
        self.api->unknown(self.session, GP_FACT_HELO);
        return GP_PASS;
    }
    snprintf(line, size, "%s %s", plain ? "HELO" : "EHLO", name);
    if (!self.helo || strcmp(line, self.helo) != 0)
        action = tell_helo(line, v);
    free(line);
    /* One that failed is asked again for the next message: here it has no reply of its own. */
    if (action != GP_PASS && self.helo)
        self.helo[0] = '\0';
    return action;
}

/* Connection and greeting, as far as this session has not had them. */
static int scan_session(struct gp_verdict *v)
{
    int action = GP_PASS;

    if (name_missing()) {
        const char *name = expand("$sender_host_name");
        tell_name(*name ? name : strcmp(expand("$host_lookup_deferred"), "1") == 0 ? "?" : "");
    }
    if (!self.connected)
        action = self.api->connect(self.session, v);
    self.connected = true;
    if (&sender_host_authenticated)
        tell_auth(text_of(sender_host_authenticated));
    return action == GP_PASS ? scan_helo(v) : action;
}

/* The envelope, as Exim parsed it. One recipient that is refused turns the whole message away: none is ever dropped unsaid.
 */
static int scan_envelope(struct gp_verdict *v)
{
    const char *sender = text_of(&sender_address ? sender_address : NULL);
    int action;

    self.api->mail_parsed(self.session, sender, strlen(sender), 0);
    action = self.api->mail(self.session, sender, strlen(sender), GP_ARGUMENT, v);
    if (&recipients_list && &recipients_count)
        for (int i = 0; action == GP_PASS && i < recipients_count; i++) {
            const char *rcpt = text_of(recipients_list[i].address);
            self.api->rcpt_parsed(self.session, rcpt, strlen(rcpt), 0);
            action = self.api->rcpt(self.session, rcpt, strlen(rcpt), GP_ARGUMENT, v);
        }
    return action;
}

/* The reply without its code, which Exim writes itself. */
static int scan_reply(const struct gp_verdict *v, uschar **text)
{
    const char *reply = v->reply && v->reply_size > 4 ? v->reply + 4 : "5.7.1 Transaction refused";

    snprintf(self.value, sizeof self.value, "%.*s", REPLY_MAX, reply);
    *text = (uschar *)self.value;
    return v->code / 100 == 4 ? EXIM_SCAN_TEMPREJECT : EXIM_SCAN_REJECT;
}

static int scan(const struct peer *peer, uschar **text)
{
    struct gp_verdict v = {.size = sizeof v};
    bool judged, envelope_told;
    int action;

    if (!session_ready(peer)) {
        snprintf(self.value, sizeof self.value, "4.3.0 Temporary local problem");
        *text = (uschar *)self.value;
        return self.options.tempfail ? EXIM_SCAN_TEMPREJECT : EXIM_SCAN_ACCEPT;
    }
    judged = self.judged;
    envelope_told = self.transaction;
    self.judged = self.transaction = false;
    if (judged)
        return EXIM_SCAN_ACCEPT;
    action = envelope_told ? GP_PASS : scan_session(&v);
    if (action == GP_PASS && !envelope_told)
        action = scan_envelope(&v);
    if (action == GP_PASS)
        action = judge_message("", strtoull(expand("$message_size"), NULL, 10), &v);
    else
        self.api->reset(self.session);
    return action == GP_PASS ? EXIM_SCAN_ACCEPT : scan_reply(&v, text);
}

GP_EXPORT int local_scan(int fd, uschar **return_text);
int local_scan(int fd, uschar **return_text)
{
    char port[16];
    struct peer peer;

    (void)fd;
    own_process();
    peer.address = &sender_host_address ? text_of(sender_host_address) : "";
    if (!*peer.address || !&header_list) /* a local message; or no Exim that shows us what we would judge */
        return EXIM_SCAN_ACCEPT;
    snprintf(port, sizeof port, "%d", &interface_port ? interface_port : 0);
    peer.options = expand("$acl_c_gatepost_options");
    peer.local_address = &interface_address ? text_of(interface_address) : "";
    peer.local_port = port;
    peer.local_name = expand("$primary_hostname");
    return scan(&peer, return_text);
}

/* The interface that local_scan() is built for, -DLOCAL_SCAN_ABI=MAJOR.MINOR. Exim refuses another major and a
 * later minor. */
#define STRING(x)       #x
#define STRING_VALUE(x) STRING(x)
static const char scan_abi[] = STRING_VALUE(LOCAL_SCAN_ABI);

GP_EXPORT int local_scan_version_major(void);
int local_scan_version_major(void)
{
    return (int)strtol(scan_abi, NULL, 10);
}

GP_EXPORT int local_scan_version_minor(void);
int local_scan_version_minor(void)
{
    const char *dot = strchr(scan_abi, '.');

    return dot ? (int)strtol(dot + 1, NULL, 10) : 0;
}
