#include "fields.h"

void fields_begin(struct visit *v)
{
    v->fields_any = false;
}

/* Whether LINE begins with the name of a field and a colon (RFC 5322, 2.2; 4.5 allows blanks before the colon).
 */
static bool begins_field(const char *line, size_t n)
{
    size_t end = 0, at;
    while (end < n && line[end] > ' ' && line[end] < 127 && line[end] != ':')
        end++;
    for (at = end; at < n && (line[at] == ' ' || line[at] == '\t'); at++)
        ;
    return end && at < n && line[at] == ':';
}

static size_t without_line_end(const char *line, size_t n)
{
    while (n && (line[n - 1] == '\r' || line[n - 1] == '\n'))
        n--;
    return n;
}

void fields_line(const struct gp_api *api, struct visit *v, const char *line, size_t n)
{
    n = without_line_end(line, n);
    if (!n)
        return; /* to the engine it would be the end of the header */
    bool continued = v->fields_any && (*line == ' ' || *line == '\t');
    if (!continued && !begins_field(line, n))
        return;
    v->fields_any = true;
    api->header_text(v->session, line, n);
    api->header_text(v->session, "\r\n", 2);
}

void fields_end(const struct gp_api *api, struct visit *v)
{
    if (!v->fields_any)
        api->unknown(v->session, GP_FACT_ALL_FIELDS);
}
