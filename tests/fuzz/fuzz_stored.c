/*
 * Input: stored mail. Its transcript must be a dialogue without errors, with one connect for each session
 * counted, and no text of a message may become a directive.
 */
#include "core/gatepost.h"
#include "tools/replay/dialogue.h"
#include "tools/transcript/transcript.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

struct sink {
    char *p;
    size_t n;
    size_t cap;
};

static void put(void *context, const char *bytes, size_t n)
{
    struct sink *s = context;
    if (s->cap - s->n < n) {
        s->cap = (s->cap + n) * 2;
        s->p = realloc(s->p, s->cap);
        require(s->p != NULL);
    }
    if (n)
        memcpy(s->p + s->n, bytes, n);
    s->n += n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sink sink = {NULL, 0, 0};
    struct transcript t;
    struct mbox stored;
    struct mbox_message m;
    transcript_init(&t, put, &sink);
    if (size && data[0] == '@') { /* as with --by example.com */
        t.by_domain = TEXT("example.com");
        data++;
        size--;
    }
    struct text mail = text_of((const char *)data, size);
    char *memory;
    require(mbox_mend(&mail, &memory));
    mbox_init(&stored, mail);
    while (mbox_next(&stored, &m))
        require(transcript_message(&t, "spam/x", stored.number, &m));

    struct report report = {.errors = 0};
    struct dialogue d;
    struct item item;
    uint64_t connects = 0;
    uint64_t dots = 0;
    dialogue_init(&d, "out", text_of(sink.p, sink.n), &report);
    while (dialogue_next(&d, &item)) {
        require(item.kind != ITEM_SERVER && item.kind != ITEM_WAIT && item.kind != ITEM_CONFIG);
        connects += item.kind == ITEM_CONNECT;
        dots += item.kind == ITEM_CLIENT && text_eq(item.text, TEXT("."));
    }
    require(report.errors == 0);
    require(connects == t.counts.sessions && dots == connects);
    require(t.counts.sessions + t.counts.no_received + t.counts.unknown_form == t.counts.messages);
    transcript_fini(&t);
    free(memory);
    free(sink.p);
    return 0;
}
