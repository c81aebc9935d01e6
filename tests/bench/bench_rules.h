/*
 * bench_rules.h - rule files of any size, as years of work at a mail server produce, and a transaction to judge
 * by them. Everything is derived from the rule's number, so every run has the same rules.
 *
 * Of N rules one in a hundred is an unanchored `header` pattern, four (three of ten) are checks, and the others
 * alternate between helo, mail, rcpt, subject, and `header` patterns that begin with a field name.
 */
#ifndef GATEPOST_BENCH_RULES_H
#define GATEPOST_BENCH_RULES_H

#include "bench.h"

enum bench_operation { BENCH_HELO, BENCH_MAIL, BENCH_RCPT, BENCH_SUBJECT, BENCH_HEADER, BENCH_OPERATIONS };

struct bench_rules {
    char *text; /* of the rule file */
    size_t size;
    unsigned rules;
    char **pattern[BENCH_OPERATIONS]; /* as written: Mercury's "*" is also fnmatch's */
    unsigned count[BENCH_OPERATIONS];
};

/* A made-up word of three to five syllables, derived from a number. */
static inline void bench_word(uint32_t number, char *out)
{
    static const char head[] = "bcdfghjklmnprstvwxz", middle[] = "aeiouy";
    uint32_t x = number * 2654435761u ^ 0x5bd1e995u;
    unsigned syllables = 3 + number % 3;
    for (unsigned i = 0; i < syllables; i++) {
        x = (x ^ x >> 15) * 2246822519u + number;
        *out++ = head[(x >> 8) % (sizeof head - 1)];
        *out++ = middle[(x >> 20) % (sizeof middle - 1)];
    }
    *out = '\0';
}

__attribute__((format(printf, 2, 3))) static inline void bench_add(struct bench_rules *r, const char *format,
                                                                   ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(r->text + r->size, 512, format, arguments);
    va_end(arguments);
    if (n < 0 || n >= 512)
        bench_fail("a rule is too long");
    r->size += (size_t)n;
}

static inline void bench_add_pattern(struct bench_rules *r, enum bench_operation op, const char *pattern)
{
    static const char *const name[BENCH_OPERATIONS] = {"helo", "mail", "rcpt", "subject", "header"};
    static const char *const action[] = {"refuse", "fail", "refuse block", "close"};
    char **kept = r->pattern[op] + r->count[op]++;
    *kept = strdup(pattern);
    bench_add(r, "%s, \"%s\", %s, \"554 5.7.1 Not accepted here (%u)\"\n", name[op], pattern,
              op == BENCH_SUBJECT || op == BENCH_HEADER ? "fail" : action[r->rules % 4], r->rules % 97);
    r->rules++;
}

static inline void bench_pattern(unsigned number, enum bench_operation op, char *out, size_t cap)
{
    static const char *const field[] = {"X-Mailer", "From", "Received", "To", "Reply-To", "Content-Type"};
    char a[16], b[16];
    bench_word(number, a);
    bench_word(number + 1000003, b);
    switch (op) {
    case BENCH_HELO:
        snprintf(out, cap, number & 1 ? "*%s%u.example.net*" : "*%s-%u.*.%s.example*", a, number % 1000, b);
        break;
    case BENCH_MAIL:
        snprintf(out, cap, number & 1 ? "*<%s%u@%s.example.com>*" : "*@%s%u.%s.example>*", a, number % 100, b);
        break;
    case BENCH_RCPT:
        snprintf(out, cap, number & 1 ? "*%s.%s@example.com*" : "*<%s%s@example.org>*", a, b);
        break;
    case BENCH_SUBJECT:
        snprintf(out, cap, number & 1 ? "*%s %s*" : "Subject: *%s*%s*", a, b);
        break;
    default:
        snprintf(out, cap, number & 1 ? "%s:*%s*%s*" : "%s:*%s.%s*", field[number / 2 % 6], a, b);
    }
}

static inline struct bench_rules bench_rules_make(unsigned n)
{
    struct bench_rules r = {.text = malloc((size_t)n * 256 + 4096)};
    char pattern[200], a[16], b[16];
    for (unsigned op = 0; op < BENCH_OPERATIONS; op++)
        r.pattern[op] = calloc(n + 1, sizeof *r.pattern[op]);
    if (!r.text)
        bench_fail("out of memory");
    bench_add(&r,
              "# %u rules\nown-names = mail.example.com\n"
              "helo-deferred, not fqdn, refuse, \"554 Format of HELO/EHLO greeting unacceptable.\"\n"
              "message-id, not msg-id, fail, \"553 Message-ID must be an addr-spec; see RFC 2822\"\n"
              "headers, not has(Message-ID), fail, \"553 Unidentified messages are not acceptable here\"\n",
              n);
    r.rules = 3;
    if (n > 10) {
        bench_add(&r, "mail, own-sender, fail, \"554 You are not one of us\"\n");
        r.rules++;
    }
    for (unsigned i = 0; i < n / 100 + (n < 100); i++) {
        bench_word(i + 77000000, a);
        bench_word(i + 88000000, b);
        snprintf(pattern, sizeof pattern, i & 1 ? "*%s%s*" : "*%s*%s*", a, b);
        bench_add_pattern(&r, BENCH_HEADER, pattern);
    }
    for (unsigned i = 0; r.rules < n; i++) {
        enum bench_operation op = i % BENCH_OPERATIONS;
        bench_pattern(i / BENCH_OPERATIONS, op, pattern, sizeof pattern);
        bench_add_pattern(&r, op, pattern);
    }
    return r;
}

static inline void bench_rules_free(struct bench_rules *r)
{
    for (unsigned op = 0; op < BENCH_OPERATIONS; op++) {
        for (unsigned i = 0; i < r->count[op]; i++)
            free(r->pattern[op][i]);
        free(r->pattern[op]);
    }
    free(r->text);
}

static inline void bench_write(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
        bench_fail("cannot write %s", path);
}

/* What the client sends. */
struct bench_transaction {
    char helo[128], mail[128], rcpt[128];
    char header[1300];
    size_t header_size;
    unsigned fields;
};

enum { BENCH_FIELDS = 20, BENCH_HEADER_SIZE = 1200 };

/* A clean transaction. */
static inline struct bench_transaction bench_transaction_make(void)
{
    struct bench_transaction t = {
        .helo = "EHLO mail-out-17.provider.example.net\r\n",
        .mail = "MAIL FROM:<bounce-4711@lists.provider.example.net> SIZE=48213 BODY=8BITMIME\r\n",
        .rcpt = "RCPT TO:<anna.schmidt@example.com>\r\n",
        .fields = BENCH_FIELDS,
    };
    static const char *const line[BENCH_FIELDS] = {
        "Return-Path: <bounce-4711@lists.provider.example.net>",
        ("Received: from app3.provider.example.net (app3 [198.51.100.37])\r\n\tby "
         "mail-out-17.provider.example.net"
         " with ESMTPS id 4Xk2pQ1z9hz3\r\n\tfor <anna.schmidt@example.com>; Tue, 14 Oct 2025 09:12:44 +0200"),
        ("DKIM-Signature: v=1; a=rsa-sha256; d=provider.example.net; s=k1;\r\n\th=from:to:subject:date;"
         " bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN"),
        "Date: Tue, 14 Oct 2025 09:12:41 +0200",
        "From: \"Weekly letter\" <letter@provider.example.net>",
        "To: Anna Schmidt <anna.schmidt@example.com>",
        "Reply-To: letter@provider.example.net",
        "Subject: Re: What the garden needs in the second week of October",
        "Message-ID: <20251014071241.4711.98123@app3.provider.example.net>",
        "References: <20251013101010.17@app1.provider.example.net>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "User-Agent: Mutt/2.2.9",
        "List-Id: <letter.provider.example.net>",
        "List-Unsubscribe: <https://provider.example.net/u/4711>",
        "Precedence: bulk",
        "Auto-Submitted: no",
        "X-Mailer: letterpress 3",
    };
    size_t n = 0;
    for (unsigned i = 0; i + 1 < BENCH_FIELDS; i++)
        n += (size_t)snprintf(t.header + n, sizeof t.header - n, "%s\r\n", line[i]);
    n += (size_t)snprintf(t.header + n, sizeof t.header - n, "X-Trace: ");
    while (n < BENCH_HEADER_SIZE - 4) {
        t.header[n] = "0123456789abcdef"[n * n / 3 % 16];
        n++;
    }
    memcpy(t.header + n, "\r\n\r\n", 4);
    t.header_size = n + 4;
    if (t.header_size != BENCH_HEADER_SIZE)
        bench_fail("the header has %zu bytes", t.header_size);
    return t;
}

/* Writes a text that PATTERN matches to OUT: the pattern without its stars. */
static inline void bench_text_for(const char *pattern, char *out)
{
    for (; *pattern; pattern++)
        if (*pattern != '*')
            *out++ = *pattern;
    *out = '\0';
}

#endif
