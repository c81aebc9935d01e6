#define _POSIX_C_SOURCE 200809L

#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/gatepost/gatepost.conf"

/* $message_headers_raw is never longer: a header of this length was cut. */
#define RAW_HEADERS_MAX 65536u

struct exim_connection exim_self;

const char *exim_text(const uschar *s)
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

/* An internal failure: logged once per process. */
static void fail(const char *reason)
{
    char line[800];

    if (exim_self.failed)
        return;
    exim_self.failed = true;
    snprintf(line, sizeof line, "gatepost: %s; this session is %s", reason,
             exim_self.options.tempfail ? "deferred (on-error=tempfail)" : "not judged");
    log_line(line);
}

/* ---- options, engine, session ---- */

/* Splits "PATH" or "name=value name=value"; a word that does not fit or is unknown is left out and logged. */
static void options_parse(struct exim_options *o, const char *words)
{
    char *save = NULL;

    memset(o, 0, sizeof *o);
    if (strlen(words) >= sizeof o->buffer)
        log_line("gatepost: the options in the Exim configuration are too long and are ignored");
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

/* Opens the engine, once per process. Returns false if there is none. */
static bool engine_open(const char *options)
{
    struct gp_host host = {.size = sizeof host, .log = log_write ? host_log : NULL};
    struct gp_open_options open = {.size = sizeof open, .host = &host};
    struct gp_error error = {.size = sizeof error};

    if (exim_self.engine)
        return true;
    options_parse(&exim_self.options, options);
    open.config = exim_self.options.config;
    open.state_dir = exim_self.options.state_dir;
    open.flags = GP_CAN_HOLD;
    if (&host_checking && host_checking)
        open.flags |= GP_READ_ONLY;
    if (exim_self.options.tempfail)
        open.flags |= GP_TEMPFAIL;
    exim_self.api = gatepost_api(GP_API_MAJOR);
    if (!exim_self.api || exim_self.api->engine_open(&open, &exim_self.engine, &error) < 0) {
        exim_self.engine = NULL;
        fail(error.message[0] ? error.message : "the engine cannot be opened");
        return false;
    }
    return true;
}

/* Opens the session for PEER, without the client's name unless Exim has it already. Returns false if that
 * fails. */
static bool session_open(const struct exim_peer *peer)
{
    struct gp_client client = {.size = sizeof client};
    long port = strtol(peer->local_port, NULL, 10);

    if (!engine_open(peer->options))
        return false;
    if (exim_self.session)
        exim_self.api->session_close(&exim_self.session);
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
    exim_self.name_known = &sender_host_name && sender_host_name;
    if (exim_self.name_known) {
        client.name = exim_text(sender_host_name);
        client.name_size = strlen(client.name);
        client.name_state = GP_NAME_VERIFIED;
    }
    if (exim_self.api->session_open(exim_self.engine, &client, &exim_self.session) < 0) {
        exim_self.session = NULL;
        fail("out of memory");
        return false;
    }
    snprintf(exim_self.address, sizeof exim_self.address, "%s", peer->address);
    free(exim_self.helo);
    exim_self.helo = NULL;
    exim_self.greeted = exim_self.connected = false;
    exim_self.authenticated = exim_self.transaction = exim_self.judged = exim_self.rcpt_passed = false;
    return true;
}

void exim_own_process(void)
{
    if (exim_self.process != getpid()) {
        memset(&exim_self, 0, sizeof exim_self);
        exim_self.process = getpid();
    }
}

bool exim_session_ready(const struct exim_peer *peer)
{
    if (exim_self.session && strcmp(exim_self.address, peer->address) == 0)
        return true;
    return session_open(peer);
}

const char *exim_expand(const char *text)
{
    char copy[64];
    const uschar *value = NULL;

    snprintf(copy, sizeof copy, "%s", text);
    if (expand_string_2)
        value = expand_string_2((const uschar *)copy, NULL);
    else if (expand_string)
        value = expand_string((uschar *)copy);
    return exim_text(value);
}

bool exim_name_missing(void)
{
    return !exim_self.name_known && (exim_self.api->needs(exim_self.session) & GP_FACT_NAME) != 0;
}

void exim_tell_name(const char *name)
{
    bool deferred = strcmp(name, "?") == 0;

    exim_self.name_known = true;
    exim_self.api->client_name(exim_self.session, name, deferred ? 0 : strlen(name),
                               deferred ? GP_NAME_UNKNOWN
                               : *name  ? GP_NAME_VERIFIED
                                        : GP_NAME_NONE);
}

void exim_tell_auth(const char *authenticated)
{
    if (*authenticated && !exim_self.authenticated) {
        exim_self.authenticated = true;
        exim_self.api->auth(exim_self.session);
    }
}

int exim_tell_helo(const char *line, struct gp_verdict *v)
{
    free(exim_self.helo);
    exim_self.helo = strdup(line);
    exim_self.greeted = true;
    return exim_self.api->helo(exim_self.session, line, strlen(line), 0, v);
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
        exim_self.api->header(exim_self.session, field, name_size, colon + 1, (size_t)(field + n - colon) - 1);
}

/* The fields as the client sent them. Exim's own Received comes first and is left out; those further down
 * are the client's. */
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

/* The end of the field at TEXT: after the first line feed that no blank follows. */
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
        exim_self.api->unknown(exim_self.session, GP_FACT_ALL_FIELDS);
    if (is_received(text, (size_t)(end - text)))
        text = field_end(text, end);
    while (text < end) {
        const char *next = field_end(text, end);
        tell_field(text, (size_t)(next - text));
        text = next;
    }
}

int exim_judge_message(const char *headers, uint64_t size, struct gp_verdict *verdict)
{
    if (&header_list)
        tell_header_list();
    else
        tell_header_text(headers);
    exim_self.api->end_of_headers(exim_self.session, NULL);
    exim_self.transaction = false;
    return exim_self.api->end_of_message(exim_self.session, size, verdict);
}
