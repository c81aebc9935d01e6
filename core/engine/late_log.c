#include "late_log.h"

void late_log_add(struct late_log *log, enum gp_log_level level, const char *line)
{
    struct text t = text_z(line);
    if (!log || t.n + 2 > sizeof log->lines - log->n)
        return;
    char *to = log->lines + log->n;
    *to++ = (char)('0' + level);
    /* Messages quote files and file names, which may contain any bytes. */
    for (size_t i = 0; i < t.n; i++)
        *to++ = t.p[i] == '\t' ? ' ' : (unsigned char)t.p[i] < 0x20 || t.p[i] == 0x7f ? '?' : t.p[i];
    *to = '\0';
    log->n += t.n + 2;
}

void late_log_flush(struct late_log *log, late_log_line *line, void *context)
{
    for (size_t at = 0; at < log->n; at += strlen(log->lines + at) + 1)
        line(context, (enum gp_log_level)(log->lines[at] - '0'), log->lines + at + 1);
    log->n = 0;
}
