/*
 * session_mutator.h - changes inputs of fuzz_session by whole events, so that libFuzzer need not find out by itself what a
 * conversation is. An input is lines; the first byte of each is the kind of the event, the rest its text.
 */
#ifndef GATEPOST_FUZZ_SESSION_MUTATOR_H
#define GATEPOST_FUZZ_SESSION_MUTATOR_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Lines of an input. */
struct events {
    const uint8_t *at[400];
    size_t n[400];
    size_t count;
};

static inline void events_split(const uint8_t *data, size_t size, struct events *e)
{
    e->count = 0;
    for (size_t i = 0; i < size && e->count < sizeof e->at / sizeof *e->at;) {
        const uint8_t *end = memchr(data + i, '\n', size - i);
        size_t n = end ? (size_t)(end - data) - i : size - i;
        e->at[e->count] = data + i;
        e->n[e->count++] = n;
        i += n + 1;
    }
}

#ifndef _WIN32
/* There is no libFuzzer on Windows; the target runs there over its corpus. */

/* Events that are worth trying. \x1f in a text is CR and LF. */
static const char *const templates[] = {
    "O203.0.113.9|||",
    "O203.0.113.10|a.dyn.example.net||",
    "O198.51.100.1||587|mx.example.com",
    "O2001:db8:1:2::3|||",
    "O2001:db8:1:3::4|relay.partner.example||",
    "O127.0.0.1|||",
    "Ounix socket|||",
    "C",
    "HEHLO mx.example.com",
    "HEHLO client.example.net",
    "HHELO pc",
    "H",
    "h[203.0.113.9]",
    "hmx.example.com.. x",
    "JEHLO mx.exam",
    "MMAIL FROM:<a@partner.example> SIZE=1",
    "MMAIL FROM:<>",
    "MMAIL FROM:<root>",
    "MMAIL FROM:<a(b)@mx.example.com>",
    "m<a@b.example>",
    "NMAIL FROM:<a@b.exam",
    "RRCPT TO:<sugar@example.com>",
    "RRCPT TO:<b@example.com>",
    "RRCPT TO:<postmaster@example.com>",
    "RRCPT TO:<\"sugar\"@example.com>",
    "RRCPT TO:<sugar+tag@example.com>",
    "r@x,@y:lennon@example.com",
    "SRCPT TO:<sugar@example.com> X=",
    "Pa@partner.example",
    "P",
    "pspammer@bad.example",
    "Qsugar@example.com",
    "qlennon@example.com",
    "D",
    "A",
    "TSubject: cheap pills\x1fMessage-ID: <a@b.c>\x1f",
    "TX-A: 1\x1f X-A\x1fX-A: 2\x1fno field\x1fSubject: x\x1f\x1f",
    "FSubject: cheap pills",
    "FX-A: 1",
    "FMessage-ID: <a@b.c>",
    "FFrom: a",
    "FX-Gr\xc3\xb6\xc3\x9f: 1",
    "E",
    "Z",
    "X",
    "Y",
    "U2",
    "U4",
    "U16",
    "V2relay.partner.example",
    "L1",
    "L3600",
    "L-7200",
    "L-100000000",
    "L2000000000",
    "B1",
    "B2",
    "G1",
    "G2",
    "G3",
    "W0 4200 255",
    "W1 5000 1",
};

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t cap);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed);

static inline uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static inline void put_line(uint8_t *out, size_t *n, size_t cap, const void *line, size_t size)
{
    if (size + 1 > cap - *n)
        return;
    memcpy(out + *n, line, size);
    out[*n + size] = '\n';
    *n += size + 1;
}

static inline void put_template(uint8_t *out, size_t *n, size_t cap, uint32_t which)
{
    const char *line = templates[which % (sizeof templates / sizeof *templates)];
    put_line(out, n, cap, line, strlen(line));
}

/* One change at line WHERE: another line before it, without it, it again and again, its text changed, or another one
 * in its place. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    enum { LINE = 4096, INSERT = 0, DROP, REPEAT, CHANGE, REPLACE, SWAP, HOW_MANY };
    static uint8_t copy[1 << 16], line[LINE];
    struct events e;
    uint32_t random = seed;
    size_t n = 0;
    if (size > sizeof copy)
        size = sizeof copy;
    memcpy(copy, data, size);
    events_split(copy, size, &e);
    const size_t where = e.count ? next_random(&random) % e.count : 0;
    const uint32_t how = next_random(&random) % HOW_MANY;
    for (size_t i = 0; i < e.count; i++) {
        if (i != where) {
            put_line(data, &n, cap, e.at[i], e.n[i]);
            continue;
        }
        size_t m = e.n[i] < LINE ? e.n[i] : LINE, other = next_random(&random) % e.count;
        switch (how) {
        case INSERT:
            put_template(data, &n, cap, next_random(&random));
            put_line(data, &n, cap, e.at[i], e.n[i]);
            break;
        case DROP:
            break;
        case REPEAT:
            for (uint32_t times = next_random(&random) % 15 + 2; times > 0; times--)
                put_line(data, &n, cap, e.at[i], e.n[i]);
            break;
        case CHANGE:
            if (m < 2)
                m = 2;
            memset(line, 'x', m);
            memcpy(line, e.at[i], e.n[i] < m ? e.n[i] : m);
            m = 1 + LLVMFuzzerMutate(line + 1, m - 1, LINE - 1);
            for (size_t k = 1; k < m; k++)
                if (line[k] == '\n')
                    line[k] = 0x1f;
            put_line(data, &n, cap, line, m);
            break;
        case REPLACE:
            put_template(data, &n, cap, next_random(&random));
            break;
        default:
            put_line(data, &n, cap, e.at[other], e.n[other]);
            break;
        }
    }
    if (e.count == 0 || next_random(&random) % 4 == 0)
        put_template(data, &n, cap, next_random(&random));
    return n;
}
#endif

#endif
