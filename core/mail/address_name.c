#include "address_name.h"

#include "core/base/writer.h"

static const struct {
    const char *name;
    unsigned bit;
} classes_by_name[] = {{"dashed", ADDRESS_DASHED}, {"dotted", ADDRESS_DOTTED}, {"reversed", ADDRESS_REVERSED},
                       {"joined", ADDRESS_JOINED}, {"padded", ADDRESS_PADDED}, {"hex", ADDRESS_HEX}};

enum { CLASSES = sizeof classes_by_name / sizeof *classes_by_name, DIGITS_LEAST = 8 };

unsigned address_name_class(struct text name)
{
    for (unsigned i = 0; i < CLASSES; i++)
        if (text_eq_nocase(name, text_z(classes_by_name[i].name)))
            return classes_by_name[i].bit;
    return 0;
}

const char *address_name_word(unsigned one)
{
    for (unsigned i = 0; i < CLASSES; i++)
        if (classes_by_name[i].bit == one)
            return classes_by_name[i].name;
    return "";
}

static bool is_hex(unsigned char c)
{
    return is_digit(c) || (unsigned char)(fold(c) - 'a') < 6;
}

/* Whether SPELLING occurs in NAME with no digit of its kind directly before or after it. */
static bool occurs(struct text name, struct text spelling, bool hex)
{
    bool (*digit)(unsigned char) = hex ? is_hex : is_digit;
    for (size_t at = 0; at + spelling.n <= name.n; at++) {
        struct text rest = text_skip(name, at);
        size_t found = text_find_nocase(rest, spelling);
        if (found == rest.n)
            return false;
        at += found;
        size_t end = at + spelling.n;
        if ((at == 0 || !digit((unsigned char)name.p[at - 1])) &&
            (end == name.n || !digit((unsigned char)name.p[end])))
            return true;
    }
    return false;
}

/* How the numbers of an address are written one after the other. */
struct style {
    unsigned class;
    bool backwards;
    bool padded;         /* leading zeros up to the full width */
    const char *between; /* each of these separators; NUL-terminated, "" is none */
    bool hex;
};

/* The parts of an address: four of eight bits, or eight of sixteen, or 32 of four. */
struct parts {
    unsigned n;
    unsigned width; /* of a part that is padded */
    uint16_t value[32];
};

static bool is_palindrome(const struct parts *parts)
{
    for (unsigned i = 0; i < parts->n / 2; i++)
        if (parts->value[i] != parts->value[parts->n - 1 - i])
            return false;
    return true;
}

static void spell_part(unsigned value, unsigned width, bool hex, struct writer *w)
{
    if (hex)
        writer_printf(w, "%0*x", (int)width, value);
    else
        writer_printf(w, "%0*u", (int)width, value);
}

/* Writes the parts as STYLE says, SEPARATOR (0: none) between two. Returns whether this spelling counts: it must be
 * another than that of the classes before it, and have eight digits where nothing separates them. */
static bool spell(const struct parts *parts, const struct style *style, char separator, struct writer *w)
{
    bool shows = style->class != ADDRESS_PADDED;
    for (unsigned i = 0; i < parts->n; i++) {
        if (i && separator)
            writer_char(w, separator);
        size_t begin = w->n;
        spell_part(parts->value[style->backwards ? parts->n - 1 - i : i], style->padded ? parts->width : 1,
                   style->hex, w);
        shows = shows || w->p[begin] == '0';
    }
    return shows && !w->cut && (separator || w->n >= DIGITS_LEAST) &&
           !(style->class == ADDRESS_REVERSED && is_palindrome(parts));
}

static bool styled(const struct parts *parts, const struct style *style, struct text name)
{
    const char *separator = style->between;
    do {
        char spelling[80];
        struct writer w = writer_on(spelling, sizeof spelling);
        if (spell(parts, style, *separator, &w) && occurs(name, writer_text(&w), style->hex))
            return true;
    } while (*separator && *++separator);
    return false;
}

static unsigned first_of(const struct parts *parts, const struct style *styles, size_t n, struct text name,
                         unsigned classes)
{
    for (size_t i = 0; i < n; i++)
        if ((styles[i].class & classes) && styled(parts, styles + i, name))
            return styles[i].class;
    return 0;
}

static unsigned in_name_v4(const struct ip *ip, struct text name, unsigned classes)
{
    static const struct style decimal[] = {
        {ADDRESS_DASHED, false, false, "-_", false},   {ADDRESS_DOTTED, false, false, ".", false},
        {ADDRESS_REVERSED, true, false, "-._", false}, {ADDRESS_REVERSED, true, false, "", false},
        {ADDRESS_JOINED, false, false, "", false},     {ADDRESS_PADDED, false, true, "-._", false},
        {ADDRESS_PADDED, false, true, "", false},      {ADDRESS_PADDED, true, true, "-._", false},
        {ADDRESS_PADDED, true, true, "", false}};
    static const struct style hex[] = {{ADDRESS_HEX, false, true, "-._", true},
                                       {ADDRESS_HEX, false, true, "", true}};
    struct parts parts = {.n = 4, .width = 3};
    for (unsigned i = 0; i < 4; i++)
        parts.value[i] = ip->byte[i];
    unsigned found = first_of(&parts, decimal, sizeof decimal / sizeof *decimal, name, classes);
    parts.width = 2;
    return found ? found : first_of(&parts, hex, sizeof hex / sizeof *hex, name, classes);
}

/* The text form of RFC 5952 with dashes for its colons. */
static bool compressed(const struct ip *ip, struct text name)
{
    char text[IP_TEXT_MAX];
    size_t n = ip_format(ip, text);
    for (size_t i = 0; i < n; i++)
        if (text[i] == ':')
            text[i] = '-';
    return n >= DIGITS_LEAST && occurs(name, text_of(text, n), true);
}

static unsigned in_name_v6(const struct ip *ip, struct text name, unsigned classes)
{
    static const struct style groups[] = {{ADDRESS_DASHED, false, false, "-_", true},
                                          {ADDRESS_DOTTED, false, false, ".", true},
                                          {ADDRESS_PADDED, false, true, "-._", true}};
    static const struct style nibbles[] = {{ADDRESS_REVERSED, true, false, ".-", true},
                                           {ADDRESS_REVERSED, true, false, "", true},
                                           {ADDRESS_HEX, false, false, "", true}};
    struct parts parts = {.n = 8, .width = 4};
    if ((classes & ADDRESS_DASHED) && compressed(ip, name))
        return ADDRESS_DASHED;
    for (size_t i = 0; i < 8; i++)
        parts.value[i] = (uint16_t)(ip->byte[2 * i] << 8 | ip->byte[2 * i + 1]);
    unsigned found = first_of(&parts, groups, sizeof groups / sizeof *groups, name, classes);
    if (found)
        return found;
    parts = (struct parts){.n = 32, .width = 1};
    for (unsigned i = 0; i < 32; i++)
        parts.value[i] = i & 1 ? ip->byte[i / 2] & 15 : ip->byte[i / 2] >> 4;
    return first_of(&parts, nibbles, sizeof nibbles / sizeof *nibbles, name, classes);
}

unsigned address_name_find(const struct ip *ip, struct text name, unsigned classes)
{
    return ip->v6 ? in_name_v6(ip, name, classes) : in_name_v4(ip, name, classes);
}
