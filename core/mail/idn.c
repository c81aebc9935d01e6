#include "idn.h"

#include "core/base/writer.h"

enum { LABEL_MOST = 63, NAME_MOST = 253, BYTES_MOST = 1024 };

/* Takes one character off *T. Returns UINT32_MAX if it is not UTF-8: overlong forms, surrogates and what lies beyond
 * U+10FFFF are not. */
static uint32_t take_character(struct text *t)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)t->p;
    const size_t n = p[0] < 0x80   ? 1
                     : p[0] < 0xc0 ? 0
                     : p[0] < 0xe0 ? 2
                     : p[0] < 0xf0 ? 3
                     : p[0] < 0xf8 ? 4
                                   : 0;
    if (n == 0 || n > t->n)
        return UINT32_MAX;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return UINT32_MAX;
        c = c << 6 | (p[i] & 0x3fu);
    }
    *t = text_skip(*t, n);
    return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? UINT32_MAX : c;
}

/* Runs of capital letters: STEP 1: each is DISTANCE below its small letter; STEP 2: capital and small letters take turns. */
static const struct {
    uint16_t first, last;
    uint8_t step, distance;
} capitals[] = {
    {'A', 'Z', 1, 0x20},     {0xc0, 0xd6, 1, 0x20},     {0xd8, 0xde, 1, 0x20},   {0x100, 0x12e, 2, 1},
    {0x132, 0x136, 2, 1},    {0x139, 0x147, 2, 1},      {0x14a, 0x176, 2, 1},    {0x179, 0x17d, 2, 1},
    {0x386, 0x386, 1, 0x26}, {0x388, 0x38a, 1, 0x25},   {0x38c, 0x38c, 1, 0x40}, {0x38e, 0x38f, 1, 0x3f},
    {0x391, 0x3a1, 1, 0x20}, {0x3a3, 0x3ab, 1, 0x20},   {0x400, 0x40f, 1, 0x50}, {0x410, 0x42f, 1, 0x20},
    {0x460, 0x480, 2, 1},    {0x48a, 0x4be, 2, 1},      {0x4c1, 0x4cd, 2, 1},    {0x4d0, 0x52e, 2, 1},
    {0x531, 0x556, 1, 0x30}, {0xff21, 0xff3a, 1, 0x20},
};

static uint32_t lower(uint32_t c)
{
    if (c == 0x178) /* Ÿ */
        return 0xff;
    for (size_t i = 0; i < sizeof capitals / sizeof *capitals; i++)
        if (c >= capitals[i].first && c <= capitals[i].last && (c - capitals[i].first) % capitals[i].step == 0)
            return c + capitals[i].distance;
    return c;
}

/* A small letter, an accent, and what they are together. */
static const uint16_t composed[][3] = {
    {'a', 0x300, 0xe0},    {'e', 0x300, 0xe8},    {'i', 0x300, 0xec},    {'n', 0x300, 0x1f9},
    {'o', 0x300, 0xf2},    {'u', 0x300, 0xf9},    {'w', 0x300, 0x1e81},  {'y', 0x300, 0x1ef3},
    {'a', 0x301, 0xe1},    {'c', 0x301, 0x107},   {'e', 0x301, 0xe9},    {'g', 0x301, 0x1f5},
    {'i', 0x301, 0xed},    {'l', 0x301, 0x13a},   {'n', 0x301, 0x144},   {'o', 0x301, 0xf3},
    {'r', 0x301, 0x155},   {'s', 0x301, 0x15b},   {'u', 0x301, 0xfa},    {'w', 0x301, 0x1e83},
    {'y', 0x301, 0xfd},    {'z', 0x301, 0x17a},   {'a', 0x302, 0xe2},    {'c', 0x302, 0x109},
    {'e', 0x302, 0xea},    {'g', 0x302, 0x11d},   {'h', 0x302, 0x125},   {'i', 0x302, 0xee},
    {'j', 0x302, 0x135},   {'o', 0x302, 0xf4},    {'s', 0x302, 0x15d},   {'u', 0x302, 0xfb},
    {'w', 0x302, 0x175},   {'y', 0x302, 0x177},   {'z', 0x302, 0x1e91},  {'a', 0x303, 0xe3},
    {'e', 0x303, 0x1ebd},  {'i', 0x303, 0x129},   {'n', 0x303, 0xf1},    {'o', 0x303, 0xf5},
    {'u', 0x303, 0x169},   {'y', 0x303, 0x1ef9},  {'a', 0x304, 0x101},   {'e', 0x304, 0x113},
    {'i', 0x304, 0x12b},   {'o', 0x304, 0x14d},   {'u', 0x304, 0x16b},   {'y', 0x304, 0x233},
    {'a', 0x306, 0x103},   {'e', 0x306, 0x115},   {'g', 0x306, 0x11f},   {'i', 0x306, 0x12d},
    {'o', 0x306, 0x14f},   {'u', 0x306, 0x16d},   {'a', 0x307, 0x227},   {'c', 0x307, 0x10b},
    {'e', 0x307, 0x117},   {'g', 0x307, 0x121},   {'o', 0x307, 0x22f},   {'z', 0x307, 0x17c},
    {'a', 0x308, 0xe4},    {'e', 0x308, 0xeb},    {'i', 0x308, 0xef},    {'o', 0x308, 0xf6},
    {'u', 0x308, 0xfc},    {'y', 0x308, 0xff},    {'a', 0x30a, 0xe5},    {'u', 0x30a, 0x16f},
    {'o', 0x30b, 0x151},   {'u', 0x30b, 0x171},   {'a', 0x30c, 0x1ce},   {'c', 0x30c, 0x10d},
    {'d', 0x30c, 0x10f},   {'e', 0x30c, 0x11b},   {'g', 0x30c, 0x1e7},   {'h', 0x30c, 0x21f},
    {'i', 0x30c, 0x1d0},   {'j', 0x30c, 0x1f0},   {'k', 0x30c, 0x1e9},   {'l', 0x30c, 0x13e},
    {'n', 0x30c, 0x148},   {'o', 0x30c, 0x1d2},   {'r', 0x30c, 0x159},   {'s', 0x30c, 0x161},
    {'t', 0x30c, 0x165},   {'u', 0x30c, 0x1d4},   {'z', 0x30c, 0x17e},   {'c', 0x327, 0xe7},
    {'e', 0x327, 0x229},   {'g', 0x327, 0x123},   {'k', 0x327, 0x137},   {'l', 0x327, 0x13c},
    {'n', 0x327, 0x146},   {'r', 0x327, 0x157},   {'s', 0x327, 0x15f},   {'t', 0x327, 0x163},
    {'a', 0x328, 0x105},   {'e', 0x328, 0x119},   {'i', 0x328, 0x12f},   {'o', 0x328, 0x1eb},
    {'u', 0x328, 0x173},   {0x3b1, 0x301, 0x3ac}, {0x3b5, 0x301, 0x3ad}, {0x3b7, 0x301, 0x3ae},
    {0x3b9, 0x301, 0x3af}, {0x3bf, 0x301, 0x3cc}, {0x3c5, 0x301, 0x3cd}, {0x3c9, 0x301, 0x3ce},
    {0x438, 0x306, 0x439}, {0x435, 0x308, 0x451}, {0x456, 0x308, 0x457},
};

/* The letter that BASE and the accent MARK are together; 0 if they are none. */
static uint32_t compose(uint32_t base, uint32_t mark)
{
    if (mark < 0x300 || mark > 0x328)
        return 0;
    for (size_t i = 0; i < sizeof composed / sizeof *composed; i++)
        if (composed[i][0] == base && composed[i][1] == mark)
            return composed[i][2];
    return 0;
}

static bool is_not_seen(uint32_t c)
{
    return c == 0xad || c == 0x34f || c == 0x200b || c == 0x2060 || c == 0xfeff || (c >= 0xfe00 && c <= 0xfe0f);
}

/* C in the usual form; 0 if nothing is left of it. */
static uint32_t usual(uint32_t c)
{
    if (c < 0x80)
        return fold((unsigned char)c);
    if (c == 0x3002 || c == 0xff0e || c == 0xff61)
        return '.';
    if (is_not_seen(c))
        return 0;
    c = lower(c);
    return c >= 0xff01 && c <= 0xff5e ? fold((unsigned char)(c - 0xfee0)) : c;
}

/* One label being read. */
struct label {
    uint32_t c[LABEL_MOST + 1];
    size_t n;
    bool ascii;
};

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / 700 : delta / 2;
    delta += delta / points;
    for (; delta > 455; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

/* One delta as a number with the variable base of RFC 3492 section 3.3. */
static void add_delta(struct writer *w, uint32_t delta, uint32_t bias)
{
    for (uint32_t k = 36;; k += 36) {
        const uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        const bool last = delta < t;
        const uint32_t digit = last ? delta : t + (delta - t) % (36 - t);
        writer_char(w, (char)(digit < 26 ? 'a' + digit : '0' + (digit - 26)));
        if (last)
            return;
        delta = (delta - t) / (36 - t);
    }
}

/* RFC 3492 section 6.3. A label has 63 characters at most, so no delta overflows. */
static void add_punycode(struct writer *w, const struct label *l)
{
    uint32_t n = 128, delta = 0, bias = 72, done = 0, basic;
    for (size_t i = 0; i < l->n; i++)
        if (l->c[i] < 0x80) {
            writer_char(w, (char)l->c[i]);
            done++;
        }
    basic = done;
    if (basic)
        writer_char(w, '-');
    while (done < l->n) {
        uint32_t next = UINT32_MAX;
        for (size_t i = 0; i < l->n; i++)
            if (l->c[i] >= n && l->c[i] < next)
                next = l->c[i];
        delta += (next - n) * (done + 1);
        n = next;
        for (size_t i = 0; i < l->n; i++) {
            delta += l->c[i] < n;
            if (l->c[i] != n)
                continue;
            add_delta(w, delta, bias);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
        delta++;
        n++;
    }
}

/* Writes the label, and starts the next one. Returns false if it is too long. */
static bool end_label(struct writer *w, struct label *l)
{
    const size_t from = w->n;
    if (l->n > LABEL_MOST)
        return false;
    if (l->ascii)
        for (size_t i = 0; i < l->n; i++)
            writer_char(w, (char)l->c[i]);
    else {
        writer_add(w, TEXT("xn--"));
        add_punycode(w, l);
    }
    l->n = 0;
    l->ascii = true;
    return !w->cut && w->n - from <= LABEL_MOST;
}

/* Adds C, in the usual form, to the label. Returns false if it has no more room. */
static bool add_character(struct label *l, uint32_t c, bool *normal)
{
    const uint32_t together = l->n ? compose(l->c[l->n - 1], c) : 0;
    if (together)
        l->c[l->n - 1] = together;
    else if (l->n <= LABEL_MOST)
        l->c[l->n++] = c;
    *normal = *normal && !together;
    l->ascii = l->ascii && c < 0x80;
    return l->n <= LABEL_MOST;
}

bool idn_is_ascii(struct text name)
{
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] >= 0x80)
            return false;
    return true;
}

size_t idn_to_ascii(struct text name, char *out, bool *normal)
{
    struct writer w = writer_on(out, NAME_MOST + 1);
    struct label l = {.ascii = true};
    bool usual_form = true, good = name.n > 0 && name.n <= BYTES_MOST;
    while (good && name.n) {
        const uint32_t written = take_character(&name);
        const uint32_t c = written == UINT32_MAX ? 0 : usual(written);
        usual_form = usual_form && (written < 0x80 || c == written);
        if (written == UINT32_MAX)
            good = false;
        else if (c == '.') {
            good = end_label(&w, &l);
            writer_char(&w, '.');
        } else if (c || written == 0)
            good = add_character(&l, c, &usual_form);
    }
    good = good && end_label(&w, &l) && !w.cut;
    if (normal)
        *normal = good && usual_form;
    return good ? w.n : 0;
}

struct text idn_name(struct text name, char *room)
{
    if (idn_is_ascii(name))
        return name;
    const size_t n = idn_to_ascii(name, room, NULL);
    return n ? text_of(room, n) : name;
}
