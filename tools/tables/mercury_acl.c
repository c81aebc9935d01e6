/*
 * A MERCURYS.ACL: "<flags> <from-ip>[ <to-ip>][; comment]", IPv4. Where entries overlap, the narrowest one
 * applies to an address, whatever their order. So the address space is cut at every border, each piece is given
 * to the narrowest entry that covers it, and adjacent pieces with the same meaning become the fewest prefixes
 * that cover them.
 */
#include "maker.h"

#include "core/base/scan.h"

#include <errno.h>
#include <stdlib.h>

enum { ACL_REFUSE = 1, ACL_NO_FILTER = 4, ACL_NEVER_LISTED = 16, ACL_FLAGS_MAX = 255 };

struct range {
    uint32_t first, last;
    unsigned flags;
    unsigned line;
};

struct mercury_acl {
    struct range *ranges;
    size_t n, room;
};

/* A piece between two borders. */
struct piece {
    uint32_t first;
    const struct range *owner;
    size_t next; /* this one if it has no owner yet, else a later one, to be followed */
};

struct mercury_acl *mercury_acl_new(void)
{
    return calloc(1, sizeof(struct mercury_acl));
}

void mercury_acl_free(struct mercury_acl *acl)
{
    if (acl)
        free(acl->ranges);
    free(acl);
}

static bool read_address(struct maker *m, struct text word, uint32_t *out)
{
    struct ip ip;
    if (!ip_parse(word, &ip) || ip.v6) {
        maker_problem(m, word, "'%.*s' is no IPv4 address", (int)(word.n < 60 ? word.n : 60), word.p);
        return false;
    }
    *out = (uint32_t)ip.byte[0] << 24 | (uint32_t)ip.byte[1] << 16 | (uint32_t)ip.byte[2] << 8 | ip.byte[3];
    return true;
}

static void append(struct maker *m, struct mercury_acl *acl, struct range range)
{
    if (acl->n == acl->room) {
        size_t room = acl->room ? 2 * acl->room : 256;
        struct range *larger = realloc(acl->ranges, room * sizeof *larger);
        if (!larger) {
            m->failed = ENOMEM;
            return;
        }
        acl->ranges = larger;
        acl->room = room;
    }
    acl->ranges[acl->n++] = range;
}

void mercury_acl_line(struct maker *m, struct mercury_acl *acl, struct text line)
{
    struct range range = {.line = m->line};
    uint64_t flags;
    struct text rest = text_trim(text_of(line.p, text_find(line, 0, ';')));
    if (rest.n == 0 || rest.p[0] == '#')
        return;
    struct text word = scan_word(&rest);
    if (!text_number(word, ACL_FLAGS_MAX, &flags)) {
        maker_problem(m, word, "flags are a number from 0 to 255");
        return;
    }
    range.flags = (unsigned)flags;
    word = scan_word(&rest);
    if (word.n == 0) {
        maker_problem(m, line, "the address is missing");
        return;
    }
    if (!read_address(m, word, &range.first))
        return;
    range.last = range.first;
    if (text_trim(rest).n && !read_address(m, scan_word(&rest), &range.last))
        return;
    rest = text_trim(rest);
    if (rest.n)
        maker_problem(m, rest, "more than two addresses; a comment begins with ';'");
    else if (range.last < range.first)
        maker_problem(m, word, "the range runs backwards");
    else
        append(m, acl, range);
}

static int narrower_first(const void *left, const void *right)
{
    const struct range *a = left, *b = right;
    uint32_t wide_a = a->last - a->first, wide_b = b->last - b->first;
    if (wide_a != wide_b)
        return wide_a < wide_b ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

static int by_address(const void *left, const void *right)
{
    const struct piece *a = left, *b = right;
    return a->first < b->first ? -1 : a->first > b->first;
}

/* Sorts the borders, each once. Returns their number; PIECES has room for two of each range, and one. */
static size_t cut_pieces(const struct mercury_acl *acl, struct piece *pieces)
{
    size_t n = 0, kept = 0;
    pieces[n++] = (struct piece){.first = 0};
    for (size_t i = 0; i < acl->n; i++) {
        pieces[n++].first = acl->ranges[i].first;
        if (acl->ranges[i].last < UINT32_MAX)
            pieces[n++].first = acl->ranges[i].last + 1;
    }
    qsort(pieces, n, sizeof *pieces, by_address);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || pieces[i].first != pieces[kept - 1].first)
            pieces[kept++].first = pieces[i].first;
    for (size_t i = 0; i < kept; i++)
        pieces[i] = (struct piece){.first = pieces[i].first, .next = i};
    return kept;
}

static size_t find_piece(const struct piece *pieces, size_t n, uint32_t address)
{
    size_t low = 0;
    while (n > 1) {
        size_t half = n / 2;
        if (pieces[low + half].first <= address)
            low += half;
        n -= half;
    }
    return low;
}

/* Returns the first piece from I on without an owner (N if there is none); shortens the path for the next
 * call. */
static size_t find_free(struct piece *pieces, size_t n, size_t i)
{
    size_t found = i;
    while (found < n && pieces[found].next != found)
        found = pieces[found].next;
    while (i < n && pieces[i].next != i) {
        size_t next = pieces[i].next;
        pieces[i].next = found;
        i = next;
    }
    return found;
}

static struct text value_of(const struct maker *m, const struct range *owner)
{
    unsigned flags = owner ? owner->flags : 0;
    if (m->kind == KIND_BLOCK)
        return flags & ACL_REFUSE ? TEXT("554 5.7.1 Access denied") : TEXT("");
    return flags & ACL_NO_FILTER ? TEXT("all") : flags & ACL_NEVER_LISTED ? TEXT("blocklist") : TEXT("");
}

/* Writes FIRST to LAST as the fewest prefixes. */
static void add_range(struct maker *m, uint64_t first, uint64_t last, struct text value)
{
    while (first <= last && !m->failed) {
        unsigned bits = 32;
        uint64_t size = 1;
        while (bits > 0 && first % (2 * size) == 0 && first + 2 * size - 1 <= last) {
            size *= 2;
            bits--;
        }
        char written[32], key[TABLE_KEY_MAX];
        const char *problem = NULL;
        struct writer w = writer_on(written, sizeof written);
        writer_printf(&w, "%u.%u.%u.%u/%u", (unsigned)(first >> 24 & 255), (unsigned)(first >> 16 & 255),
                      (unsigned)(first >> 8 & 255), (unsigned)(first & 255), bits);
        size_t n = table_canonical_key(writer_text(&w), key, &problem);
        if (bits == 0 && m->kind == KIND_BLOCK)
            maker_problem(m, TEXT(""), "this would refuse everybody");
        else
            maker_add_canonical(m, text_of(key, n), value, TEXT(""));
        first += size;
    }
}

void mercury_acl_end(struct maker *m, struct mercury_acl *acl)
{
    struct piece *pieces = calloc(2 * acl->n + 2, sizeof *pieces);
    if (!pieces) {
        m->failed = ENOMEM;
        return;
    }
    size_t n = cut_pieces(acl, pieces);
    if (acl->n)
        qsort(acl->ranges, acl->n, sizeof *acl->ranges, narrower_first);
    for (size_t r = 0; r < acl->n; r++) {
        const struct range *range = &acl->ranges[r];
        size_t i = find_free(pieces, n, find_piece(pieces, n, range->first));
        while (i < n && pieces[i].first <= range->last) {
            pieces[i].owner = range;
            pieces[i].next = i + 1;
            i = find_free(pieces, n, i + 1);
        }
    }
    for (size_t i = 0; i < n;) {
        struct text value = value_of(m, pieces[i].owner);
        size_t end = i + 1;
        while (end < n && text_eq(value, value_of(m, pieces[end].owner)))
            end++;
        m->line = pieces[i].owner ? pieces[i].owner->line : 0;
        if (value.n)
            add_range(m, pieces[i].first, end < n ? (uint64_t)pieces[end].first - 1 : UINT32_MAX, value);
        i = end;
    }
    free(pieces);
}
