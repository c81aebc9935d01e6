/*
 * Input: lines of logs, as `gatepost report` takes them. The numbers of hours and causes must add up to the refusals, and the
 * page must be text and our own markup, whatever the lines say.
 */
#include "tools/report/page.h"

#include "insist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLIENTS = 16, NOW = 1058000000 };

static void check_sums(const struct digest *d)
{
    uint64_t by_cause = 0, by_hour = 0, would = 0;
    for (size_t i = 0; i < d->cause_count; i++)
        by_cause += d->causes[i].refused;
    for (size_t i = 0; i < d->hour_count; i++) {
        insist(i == 0 || d->hours[i].start > d->hours[i - 1].start);
        would += d->hours[i].would;
        for (size_t k = 0; k < DIGEST_CAUSES; k++)
            by_hour += d->hours[i].refused[k];
    }
    insist(by_cause == d->refused && by_hour == d->refused && would == d->would);
    insist(d->clients.count <= CLIENTS);
}

static void check_page(const struct digest *d)
{
    FILE *f = tmpfile();
    char bytes[256];
    size_t kept = 0, scripts = 0;
    if (!f)
        return;
    insist(page_write(f, d, NULL));
    rewind(f);
    for (size_t n; (n = fread(bytes + kept, 1, sizeof bytes - kept, f)) > 0;) {
        struct text t = text_of(bytes, kept + n);
        for (size_t i = kept; i < t.n; i++)
            insist((unsigned char)t.p[i] >= ' ' || t.p[i] == '\n');
        for (size_t i = 0; i + 7 <= t.n; i++)
            scripts += text_starts_nocase(text_skip(t, i), TEXT("<script"));
        kept = t.n < 6 ? t.n : 6;
        memmove(bytes, bytes + t.n - kept, kept);
    }
    insist(scripts == 1);
    fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = text_of((const char *)data, size);
    struct digest *d = digest_new(1);
    int64_t time = NOW;
    insist(d != NULL);
    d->clients.most = CLIENTS;
    while (rest.n) {
        struct log_event e = {.traffic = true};
        size_t n = text_find(rest, 0, '\n');
        log_line_read(text_of(rest.p, n), false, &e);
        insist(digest_take(d, &e, time, 0));
        time += 1 + (int64_t)(n % 7) * 900;
        rest = text_skip(rest, n + 1);
    }
    digest_finish(d);
    check_sums(d);
    if (size % 8 == 0)
        check_page(d);
    digest_free(&d);
    return 0;
}
