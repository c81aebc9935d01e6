#include "header.h"

#include <stdlib.h>

void header_init(struct header_reader *r, size_t ceiling, void (*field)(void *context, const struct field *f),
                 void *context)
{
    *r = (struct header_reader){.context = context, .field = field, .ceiling = ceiling};
}

static void forget_pending(struct header_reader *r)
{
    r->pending_size = 0;
    r->pending_cut = false;
    r->pending_lost = false;
    r->held_cr = false;
    r->in_field = false;
    r->line_ended = false;
}

void header_reset(struct header_reader *r)
{
    forget_pending(r);
    r->started = false;
    r->past_first = false;
    r->over = false;
    r->broken_off = false;
    r->failed = false;
}

void header_fini(struct header_reader *r)
{
    free(r->pending);
    header_init(r, r->ceiling, r->field, r->context);
}

/* A byte that may occur in a field name or as its colon: 33 to 126. */
static bool is_name_byte(char c)
{
    return (unsigned char)((unsigned char)c - 33) < 94;
}

/*
 * Returns the number of bytes at the start of T that can belong to a field name, excluding the colon. Every
 * header line is read here, and a loop over single bytes costs a mispredicted branch per line, so eight bytes
 * are tested together. In `stop` the top bit of each byte that ends a name is set; bits above the lowest may be
 * wrong because of a borrow, but only the lowest is used.
 */
static size_t name_length(struct text t)
{
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    size_t i = 0;
    for (; t.n - i >= 8; i += 8) {
        uint64_t bytes = load_le64(t.p + i), no_colon = bytes ^ ones * ':';
        uint64_t stop =
            (((bytes - ones * 33) & ~bytes) | bytes | (bytes + ones) | ((no_colon - ones) & ~no_colon)) & tops;
        if (stop) {
            uint64_t lowest = (stop & (~stop + 1)) >> 7; /* 1 << 8 * k: the product has k in its top byte */
            return i + (size_t)(lowest * 0x0001020304050607 >> 56);
        }
    }
    while (i < t.n && t.p[i] != ':' && is_name_byte(t.p[i]))
        i++;
    return i;
}

bool header_split(struct text line, struct field *out)
{
    size_t end = name_length(line), colon = end;
    while (colon < line.n && is_blank((unsigned char)line.p[colon]))
        colon++;
    if (end == 0 || colon == line.n || line.p[colon] != ':')
        return false;
    *out = (struct field){.line = line, .name = text_of(line.p, end), .value = text_skip(line, colon + 1)};
    return true;
}

bool header_name_is_valid(struct text t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!is_name_byte(t.p[i]) || t.p[i] == ':')
            return false;
    return t.n > 0;
}

size_t header_unfold(char *p, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' || (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n'))
            continue;
        p[kept++] = p[i];
    }
    return kept;
}

/*
 * Passes one unfolded field to the function. CUT: LINE is only its beginning. LOST: memory ran out before the
 * rest, so a missing colon does not end the header.
 */
static void hand_out(struct header_reader *r, struct text line, bool cut, bool lost)
{
    struct field f;
    bool first = !r->past_first;
    r->past_first = true;
    if (line.n > r->ceiling) {
        line.n = r->ceiling;
        cut = true;
    }
    if (header_split(line, &f)) {
        f.cut = cut;
        r->field(r->context, &f);
    } else if (!lost && !(first && line.n >= 5 && memcmp(line.p, "From ", 5) == 0)) {
        r->over = true;
        r->broken_off = true;
    }
}

static void hand_out_pending(struct header_reader *r)
{
    struct text line = text_of(r->pending, r->pending_size);
    bool cut = r->pending_cut, lost = r->pending_lost;
    forget_pending(r);
    hand_out(r, line, cut, lost);
}

/* Makes room for SIZE bytes in all, by doubling. Returns false if there is no memory; the present bytes
 * stay. */
static bool reserve(struct header_reader *r, size_t size)
{
    enum { FIRST_SIZE = 1024 };
    size_t cap = r->pending_cap ? r->pending_cap : FIRST_SIZE;
    if (size <= r->pending_cap)
        return true;
    while (cap < size)
        cap = cap <= SIZE_MAX / 2 ? cap * 2 : size;
    if (cap > r->ceiling)
        cap = r->ceiling;
    char *grown = realloc(r->pending, cap);
    if (!grown)
        return false;
    r->pending = grown;
    r->pending_cap = cap;
    return true;
}

/* Adds bytes of the current field that are not line ends. */
static void append(struct header_reader *r, const char *bytes, size_t n)
{
    if (n > r->ceiling - r->pending_size) {
        n = r->ceiling - r->pending_size;
        r->pending_cut = true;
    }
    if (n == 0 || r->pending_lost)
        return;
    if (!reserve(r, r->pending_size + n)) {
        r->failed = r->pending_lost = r->pending_cut = true;
        return;
    }
    memcpy(r->pending + r->pending_size, bytes, n);
    r->pending_size += n;
}

/* A CR at the end of a piece belongs to the line end only if LF follows, so it waits for the next piece. */
static void release_cr(struct header_reader *r)
{
    if (r->held_cr)
        append(r, "\r", 1);
    r->held_cr = false;
}

/* Takes the bytes from P to STOP, which belong to the current field; LF is at STOP if the line ended there. */
static void take_part(struct header_reader *r, const char *p, const char *stop, bool ended)
{
    r->in_field = true;
    r->line_ended = ended;
    if (stop > p) {
        release_cr(r);
        r->held_cr = stop[-1] == '\r';
        append(r, p, (size_t)(stop - p) - r->held_cr);
    }
    if (ended)
        r->held_cr = false;
}

void header_feed(struct header_reader *r, const char *bytes, size_t n)
{
    if (n == 0)
        return;
    r->started = true;
    for (const char *p = bytes, *end = bytes + n; p < end && !r->over;) {
        if (r->in_field && r->line_ended && !is_blank((unsigned char)*p))
            hand_out_pending(r);
        bool fresh = !r->in_field;
        if (fresh && (*p == '\n' || *p == '\r')) /* the empty line; and no field begins with CR */
            r->over = true;
        if (r->over)
            return;
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        if (fresh && lf && lf + 1 < end && !is_blank((unsigned char)lf[1]))
            /* If the next line's first byte shows that a line is a whole field, the field is passed on
             * without a copy. */
            hand_out(r, text_of(p, (size_t)(lf - p) - (lf[-1] == '\r')), false, false);
        else
            take_part(r, p, lf ? lf : end, lf);
        p = lf ? lf + 1 : end;
    }
}

void header_field(struct header_reader *r, struct text name, struct text value)
{
    struct field f;
    if (!r->over && r->in_field)
        hand_out_pending(r);
    if (r->over)
        return;
    r->started = r->past_first = true;
    append(r, name.p, name.n);
    append(r, ":", 1);
    const size_t head = r->pending_size;
    append(r, value.p, value.n);
    const size_t rest = r->pending_size > head ? header_unfold(r->pending + head, r->pending_size - head) : 0;
    const struct text line = text_of(r->pending, head + rest);
    const bool cut = r->pending_cut;
    forget_pending(r);
    if (header_split(line, &f)) {
        f.cut = cut;
        r->field(r->context, &f);
    }
}

void header_end(struct header_reader *r)
{
    if (!r->over && r->in_field)
        hand_out_pending(r);
    r->over = true;
}
