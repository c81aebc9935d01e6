/*
 * Input: a mode byte, then a file. In mode 0 it is a table file; in mode 1 its size and checksum are corrected
 * first, so that the code after these checks is reached; in mode 2 it is the text of a key.
 */
#include "core/table/format.h"
#include "core/base/checksum.h"

#include <stdio.h>
#include <stdlib.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool lies_in(struct text t, const unsigned char *p, size_t n)
{
    return t.p >= (const char *)p && t.n <= n && (size_t)(t.p - (const char *)p) <= n - t.n;
}

static void look_up(const struct table *t, const unsigned char *p, size_t n)
{
    static const struct ip v4 = {{192, 0, 2, 66}, 0}, v6 = {{0x20, 1, 0x0d, 0xb8, [15] = 1}, 1};
    struct text value = TEXT(""), matched = TEXT(""), key;
    uint64_t position = 0;
    int found[] = {
        table_client(t, &v4, TEXT("relay.example.org"), &value, &matched),
        table_client(t, &v6, TEXT("a.listserv.example.net"), &value, &matched),
        table_helo(t, TEXT("laptop"), &value, &matched),
        table_helo(t, TEXT("[203.0.113.9]"), &value, &matched),
        table_mailbox(t, TAG_FROM, TEXT("user"), TEXT("partner.example"), &value, &matched),
        table_mailbox(t, TAG_TO, TEXT("postmaster"), TEXT(""), &value, &matched),
        table_mailbox(t, TAG_FROM, TEXT(""), TEXT(""), &value, &matched),
        table_key(t, TEXT(TABLE_META_KEY), &value),
    };
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        require(found[i] >= -1 && found[i] <= 1);
    if (value.n)
        require(lies_in(value, p, n));
    if (matched.n)
        require(lies_in(matched, p, n));
    while (table_next(t, &position, &key, &value) > 0)
        require(lies_in(key, p, n) && lies_in(value, p, n));
}

/* A key from text must stay the same when it is written and read again. */
static void spell(struct text written)
{
    char key[TABLE_KEY_MAX], again[TABLE_KEY_MAX];
    const char *problem = NULL;
    size_t n = table_canonical_key(written, key, &problem);
    struct table_summary s = {0};
    require(n ? !problem : problem != NULL);
    if (!n)
        return;
    table_summary_add(&s, text_of(key, n));
    require(s.count == 1 && s.tags && (s.tags & (s.tags - 1)) == 0);
    /* A quoted local part may need its quotes again. */
    if (s.tags & (1u << TAG_FROM | 1u << TAG_TO) && text_find(written, 0, '"') < written.n)
        return;
    if (text_find(written, 0, '\\') == written.n) {
        problem = NULL;
        size_t m = table_canonical_key(text_of(key, n), again, &problem);
        require(text_eq(text_of(key, n), text_of(again, m)));
    }
}

static void mend(unsigned char *p, size_t n)
{
    struct checksum sum;
    char digits[17];
    if (n < TABLE_SUM_AT + 16)
        return;
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)n);
    memcpy(p + TABLE_SUM_AT - 21, digits, 16);
    checksum_init(&sum, TABLE_SUM_AT);
    checksum_add(&sum, p, n);
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)checksum_end(&sum));
    memcpy(p + TABLE_SUM_AT, digits, 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct table *t;
    char reason[200];
    if (size < 1)
        return 0;
    unsigned mode = data[0] % 3;
    data++;
    size--;
    if (mode == 2) {
        spell(text_of((const char *)data, size));
        return 0;
    }
    unsigned char *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    if (mode == 1)
        mend(copy, size);
    if (table_open_memory(copy, size, &t, reason, sizeof reason) == 0) {
        look_up(t, copy, size);
        /* A larger file would be opened without reading it whole, so look-ups must be safe whatever the records
         * are. */
        require(table_verify(t, reason, sizeof reason, NULL, NULL) == 0);
        table_close(&t);
    } else {
        require(reason[0] != '\0');
        struct table unchecked = {
            .map = {.p = copy, .size = size},
            .summary = {
                .tags = 15, .client_names = 1, .v4 = {~0u, ~0u}, .v6 = {{~0ull, ~0ull}, {~0ull, ~0ull}}}};
        /* What table_open() guarantees for a file too large to be read whole. */
        if (size > 2056 && table_get32(copy) <= size && table_get32(copy) >= 2056) {
            unchecked.records_end = table_get32(copy);
            look_up(&unchecked, copy, size);
        }
    }
    free(copy);
    return 0;
}
