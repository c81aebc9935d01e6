/* Input: two bytes that choose how to cut the text and its maximum size, then a header. */
#include "core/mail/header.h"

#include "insist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A sum over all output, so that two runs can be compared without storing them. */
struct reading {
    uint64_t sum;
    size_t fields;
    size_t ceiling;
};

static void add_bytes(struct reading *reading, struct text t)
{
    for (size_t i = 0; i < t.n; i++)
        reading->sum = (reading->sum ^ (unsigned char)t.p[i]) * 0x100000001b3;
    reading->sum = (reading->sum ^ 0x100) * 0x100000001b3;
}

static void add_field(void *context, const struct field *f)
{
    struct reading *reading = context;
    insist(header_name_is_valid(f->name));
    insist(f->line.n <= reading->ceiling);
    insist(f->name.p == f->line.p && f->value.p + f->value.n == f->line.p + f->line.n);
    insist(text_find(f->line, 0, '\n') == f->line.n);
    add_bytes(reading, f->line);
    add_bytes(reading, f->name);
    reading->sum += f->cut;
    reading->fields++;
}

static struct reading read_in_pieces(struct text t, size_t step, size_t ceiling)
{
    struct reading reading = {.sum = 0xcbf29ce484222325, .ceiling = ceiling};
    struct header_reader r;
    header_init(&r, ceiling, add_field, &reading);
    for (size_t i = 0; i < t.n; i += step) {
        size_t n = t.n - i < step ? t.n - i : step;
        char *piece = malloc(n);
        if (!piece)
            break;
        memcpy(piece, t.p + i, n);
        header_feed(&r, piece, n);
        free(piece);
    }
    header_end(&r);
    insist(r.over && !r.failed && r.pending_cap <= ceiling);
    header_fini(&r);
    return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct text t = text_of((const char *)data + 2, size - 2);
    size_t step = 1 + (size_t)data[0], ceiling = data[1];
    struct reading whole = read_in_pieces(t, t.n ? t.n : 1, ceiling);
    struct reading pieces = read_in_pieces(t, step, ceiling), bytes = read_in_pieces(t, 1, ceiling);
    insist(whole.sum == pieces.sum && whole.fields == pieces.fields);
    insist(whole.sum == bytes.sum && whole.fields == bytes.fields);
    return 0;
}
