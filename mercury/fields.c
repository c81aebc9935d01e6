#include "fields.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_SIZE = 1 << 16, LIST_SIZE_MOST = 1 << 22 };

void fields_begin(struct visit *v)
{
    memset(v->fields, 0, sizeof v->fields);
    v->fields_any = v->in_field = false;
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* The length of the field name that LINE begins with, a colon behind it; 0 if there is none (RFC 5322, 2.2;
 * 4.5 allows blanks before the colon). */
static size_t name_of(const char *line, size_t n)
{
    size_t end = 0, at;
    while (end < n && line[end] > ' ' && line[end] < 127 && line[end] != ':')
        end++;
    for (at = end; at < n && (line[at] == ' ' || line[at] == '\t'); at++)
        ;
    return at < n && line[at] == ':' ? end : 0;
}

static unsigned hash_of(const char *name, size_t n)
{
    unsigned hash = 5381;
    for (size_t i = 0; i < n; i++)
        hash = hash * 33 ^ lower(name[i]);
    return hash & 255;
}

static size_t without_line_end(const char *line, size_t n)
{
    while (n && (line[n - 1] == '\r' || line[n - 1] == '\n'))
        n--;
    return n;
}

static void tell(const struct gp_api *api, struct visit *v, const char *line, size_t n)
{
    api->header_text(v->session, line, n);
    api->header_text(v->session, "\r\n", 2);
}

void fields_line(const struct gp_api *api, struct visit *v, const char *line, size_t n)
{
    n = without_line_end(line, n);
    if (!n)
        return; /* to the engine it would be the end of the header */
    size_t name = name_of(line, n);
    bool continued = v->in_field && (*line == ' ' || *line == '\t');
    if (name) {
        unsigned hash = hash_of(line, name);
        v->fields[hash / 8] |= (unsigned char)(1u << hash % 8);
        v->fields_any = v->in_field = true;
    }
    if (name || continued)
        tell(api, v, line, n);
}

/* What the event's function shows, as a string that the caller frees; NULL if it shows nothing, or there is no
 * memory. *CUT: there may be more. */
static char *read_list(const MSEVENTBUF *e, bool *cut)
{
    *cut = false;
    if (!e->functions || !e->functions->get_all_headers)
        return NULL;
    for (size_t size = LIST_SIZE;; size *= 8) {
        /* What it returns is not known; what it writes is a string, and there is zero behind what we offer. */
        char *list = calloc(1, size);
        if (!list)
            return NULL;
        e->functions->get_all_headers(e->reserved, list, (INT_32)(size - 1));
        size_t n = strlen(list);
        *cut = n + 2 >= size;
        if (n && (!*cut || size * 8 > LIST_SIZE_MOST))
            return list;
        free(list);
        if (!n)
            return NULL;
    }
}

static bool is_received(const char *name, size_t n)
{
    static const char received[] = "received";
    for (size_t i = 0; i < n; i++)
        if (i >= sizeof received - 1 || lower(name[i]) != (unsigned char)received[i])
            return false;
    return n == sizeof received - 1;
}

/* Tells the fields of LIST that no line showed. The one that stands where the list was cut is left out. Once
 * there were lines, a Received that stands here alone is Mercury's own. */
static void tell_list(const struct gp_api *api, struct visit *v, const char *list, bool cut)
{
    const bool lines = v->fields_any;
    bool wanted = false;
    while (*list) {
        const char *end = strchr(list, '\n');
        size_t n = end ? (size_t)(end - list) : strlen(list);
        size_t name = name_of(list, n);
        const char *next = list + n + (end != NULL);
        if (name) {
            unsigned hash = hash_of(list, name);
            bool seen = lines && (v->fields[hash / 8] >> hash % 8 & 1);
            wanted = !seen && !(lines && is_received(list, name));
        }
        n = without_line_end(list, n);
        if (!n || (cut && !*next))
            return;
        if (wanted && (name || *list == ' ' || *list == '\t')) {
            tell(api, v, list, n);
            v->fields_any = true;
        }
        list = next;
    }
}

void fields_end(const struct gp_api *api, struct visit *v, const MSEVENTBUF *e, bool use_list)
{
    bool cut = false;
    char *list = use_list ? read_list(e, &cut) : NULL;
    if (list)
        tell_list(api, v, list, cut);
    free(list);
    if (!v->fields_any || cut)
        api->unknown(v->session, GP_FACT_ALL_FIELDS);
}
