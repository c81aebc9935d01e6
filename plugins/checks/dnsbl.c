/*
 * dnsbl.c - the check dnsbl("zone"): the client's address is on a list that is published in the DNS (RFC 5782).
 * For 192.0.2.99 the name 99.2.0.192.zone is looked up, for an IPv6 address its 32 nibbles; an answer in
 * 127.0.0.0/8 means that it is listed.
 *
 * A list may be slow, dead or sold. So each query has a time limit, a list that fails three times in a row is
 * not asked for a minute, and an answer that no list gives does not count: then the check cannot say.
 */
#define _POSIX_C_SOURCE 200809L

#include "core/gatepost.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "dnsbl_memory.h"
#include "dnsbl_query.h"

enum {
    ZONE_MOST = 180, /* with an IPv6 address before it 253 are the most */
    LIMIT_LEAST_MS = 50,
    NAME_MOST = 256
};

struct dnsbl {
    const struct gp_check_host *host;
    struct dnsbl_memory memory;
    unsigned limit_ms;
    char zone[ZONE_MOST + 1];
};

static int fail(struct gp_check_error *error, uint32_t argument, size_t offset, const char *message)
{
    error->argument = argument;
    error->offset = (uint32_t)offset;
    snprintf(error->message, sizeof error->message, "%s", message);
    return -1;
}

static int parse_zone(const struct gp_argument *arg, char *zone, struct gp_check_error *error)
{
    size_t n = arg->size, label = 0;
    if (n && arg->text[n - 1] == '.')
        n--;
    if (n == 0 || n > ZONE_MOST)
        return fail(error, 0, 0, n ? "this name is too long for a zone" : "the name of the zone is missing");
    for (size_t i = 0; i <= n; i++) {
        const char c = i < n ? arg->text[i] : '.';
        if (c == '.') {
            if (i == label || i - label > 63)
                return fail(error, 0, label, "a label of a domain name has 1 to 63 characters");
            label = i + 1;
        } else if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", c) ||
                   c == '\0') {
            return fail(error, 0, i, "a domain name cannot contain this");
        }
    }
    memcpy(zone, arg->text, n);
    zone[n] = '\0';
    return 0;
}

/* "1500ms" or "2s". */
static int parse_limit(const struct gp_argument *arg, unsigned most, unsigned *ms, struct gp_check_error *error)
{
    unsigned long number = 0;
    size_t i = 0;
    for (; i < arg->size && i < 6 && arg->text[i] >= '0' && arg->text[i] <= '9'; i++)
        number = number * 10 + (unsigned long)(arg->text[i] - '0');
    const size_t unit = arg->size - i;
    if (i && unit == 1 && arg->text[i] == 's')
        number *= 1000;
    else if (i == 0 || unit != 2 || memcmp(arg->text + i, "ms", 2) != 0)
        return fail(error, 1, 0, "expected a time, like 1500ms or 2s");
    if (number < LIMIT_LEAST_MS || number > most) {
        char message[100];
        snprintf(message, sizeof message, "a client can wait from %dms to %ums for a list", LIMIT_LEAST_MS,
                 most);
        return fail(error, 1, 0, message);
    }
    *ms = (unsigned)number;
    return 0;
}

static void dnsbl_free(void *data)
{
    struct dnsbl *d = data;
    memory_fini(&d->memory);
    free(d);
}

static int dnsbl_compile(const struct gp_check_host *host, const struct gp_argument *args, size_t n,
                         void **data, struct gp_check_error *error)
{
    uint64_t key = 0;
    if (n < 1 || n > 2)
        return fail(error, n > 2 ? 2 : 0, 0, "dnsbl takes a zone and optionally a time");
    struct dnsbl *d = calloc(1, sizeof *d);
    if (!d)
        return fail(error, 0, 0, "out of memory");
    d->host = host;
    d->limit_ms = host->limit_ms;
    /* Without it a client could choose whose answers it displaces; that would only cost queries. */
    if (getrandom(&key, sizeof key, GRND_NONBLOCK) != (ssize_t)sizeof key)
        key = (uintptr_t)d;
    if (parse_zone(&args[0], d->zone, error) != 0 ||
        (n == 2 && parse_limit(&args[1], host->limit_ms, &d->limit_ms, error) != 0) ||
        (dnsbl_query_init() != 0 && fail(error, 0, 0, "c-ares cannot start") != 0) ||
        (memory_init(&d->memory, key) != 0 && fail(error, 0, 0, "out of memory") != 0)) {
        free(d);
        return -1;
    }
    *data = d;
    return 0;
}

static int say(const struct gp_facts *facts, int answer, const char *zone, const char *reason)
{
    if (facts->why_size)
        snprintf(facts->why, facts->why_size, "%.*s %s %s", (int)facts->address_size, facts->address, reason,
                 zone);
    return answer;
}

/* The address in 16 bytes, an IPv4 one after ::ffff:. Returns 4, 6, or 0 if it is not an address. */
static int parse_address(const struct gp_facts *facts, unsigned char *out)
{
    char text[64];
    if (facts->address_size >= sizeof text)
        return 0;
    memcpy(text, facts->address, facts->address_size);
    text[facts->address_size] = '\0';
    memset(out, 0, 10);
    out[10] = out[11] = 0xff;
    if (inet_pton(AF_INET, text, out + 12) == 1)
        return 4;
    return inet_pton(AF_INET6, text, out) == 1 ? 6 : 0;
}

/* Addresses that mean another machine in each network: no list can have them, so none is asked. */
static int is_private(int version, const unsigned char *a)
{
    const unsigned char *v4 = a + 12;
    static const unsigned char loopback[16] = {[15] = 1}, unspecified[16];
    if (version == 4)
        return v4[0] == 0 || v4[0] == 10 || v4[0] == 127 || v4[0] >= 224 || (v4[0] == 192 && v4[1] == 168) ||
               (v4[0] == 172 && (v4[1] & 0xf0) == 16) || (v4[0] == 169 && v4[1] == 254) ||
               (v4[0] == 100 && (v4[1] & 0xc0) == 64);
    return memcmp(a, loopback, 16) == 0 || memcmp(a, unspecified, 16) == 0 || (a[0] & 0xfe) == 0xfc ||
           (a[0] == 0xfe && (a[1] & 0x80) != 0) || a[0] == 0xff;
}

static void write_name(int version, const unsigned char *a, const char *zone, char *out)
{
    if (version == 4) {
        snprintf(out, NAME_MOST, "%u.%u.%u.%u.%s", a[15], a[14], a[13], a[12], zone);
        return;
    }
    for (int i = 15; i >= 0; i--, out += 4)
        snprintf(out, 5, "%x.%x.", a[i] & 15u, a[i] >> 4);
    snprintf(out, NAME_MOST - 64, "%s", zone);
}

static void log_line(const struct dnsbl *d, const char *what)
{
    char line[400];
    int n = snprintf(line, sizeof line, "dnsbl %s %s", d->zone, what);
    d->host->log(d->host->context, GP_LOG_WARNING, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
}

static int failed(struct dnsbl *d, const struct gp_facts *facts, const char *why)
{
    char line[200];
    if (facts->why_size)
        snprintf(facts->why, facts->why_size, "%s: %s", d->zone, why);
    if (memory_failed(&d->memory, d->host->clock(d->host->context))) {
        snprintf(line, sizeof line,
                 "failed %d times, the last time with: %.80s; it is asked once a minute until it "
                 "answers",
                 MEMORY_PATIENCE, why);
        log_line(d, line);
    }
    return -1;
}

static int known(const struct dnsbl *d, const struct gp_facts *facts, uint32_t answer)
{
    char reason[60];
    if (!answer)
        return say(facts, 0, d->zone, "is not on");
    snprintf(reason, sizeof reason, "has 127.%u.%u.%u on", answer >> 16 & 255, answer >> 8 & 255, answer & 255);
    return say(facts, 1, d->zone, reason);
}

/* Of all addresses in the answer, those in 127.0.0.0/8 are from a list. Lists use 127.255.255.0/24 to say
 * why they do not answer: a public resolver, too many queries, a mistyped zone. */
static int judge(struct dnsbl *d, const struct gp_facts *facts, const unsigned char *address,
                 const struct dnsbl_answer *a)
{
    char why[100];
    uint32_t listed = 0;
    for (unsigned i = 0; i < a->count; i++) {
        const uint32_t ip = a->address[i];
        const int is_refusal = ip >> 8 == 0x7fffff;
        if (is_refusal || ip >> 24 != 127) {
            snprintf(why, sizeof why,
                     is_refusal ? "it refuses to answer, with %u.%u.%u.%u"
                                : "it answers %u.%u.%u.%u, which no list does",
                     ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
            return failed(d, facts, why);
        }
        if (!listed)
            listed = ip;
    }
    if (memory_put(&d->memory, address, d->host->clock(d->host->context), listed, a->ttl))
        log_line(d, "answers again");
    return known(d, facts, listed);
}

static int dnsbl_match(void *data, const struct gp_facts *facts, const char *text, size_t n)
{
    struct dnsbl *d = data;
    struct dnsbl_answer answer;
    unsigned char address[16];
    char name[NAME_MOST];
    uint32_t code;
    (void)text, (void)n;
    const int version = parse_address(facts, address);
    if (version == 0)
        return say(facts, -1, d->zone, "is not an address that can be looked up on");
    if (is_private(version, address))
        return say(facts, 0, d->zone, "is a private address and is not looked up on");
    switch (memory_get(&d->memory, address, d->host->clock(d->host->context), &code)) {
    case 1:
        return known(d, facts, code);
    case -1:
        return say(facts, -1, d->zone, "is not looked up now, because there was too often no answer from");
    default:
        write_name(version, address, d->zone, name);
        dnsbl_query(name, d->limit_ms, &answer);
        return answer.outcome == DNSBL_FAILED ? failed(d, facts, answer.why)
                                              : judge(d, facts, address, &answer);
    }
}

static const struct gp_check dnsbl = {
    .size = sizeof dnsbl,
    .operations = GP_AT_CONNECT,
    .name = "dnsbl",
    .usage = "dnsbl(\"zen.example.org\") or dnsbl(\"zen.example.org\", 1500ms)",
    .compile = dnsbl_compile,
    .match = dnsbl_match,
    .free = dnsbl_free,
};

const struct gp_check *const *gatepost_checks(uint32_t major)
{
    static const struct gp_check *const checks[] = {&dnsbl, NULL};
    return major == GP_CHECK_MAJOR ? checks : NULL;
}
