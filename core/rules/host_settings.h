/*
 * host_settings.h - settings that only one kind of host understands, such as mercury-resolve. The rule file may
 * hold them wherever it is used; the engine checks their words, keeps them, and tells them by name
 * (get_ext("settings/1")), but never acts on them. One const table: another setting is another line.
 */
#ifndef GATEPOST_HOST_SETTINGS_H
#define GATEPOST_HOST_SETTINGS_H

#include "core/base/text.h"

enum { HOST_SETTINGS = 6 };

struct host_setting {
    const char *name;
    const char *words;      /* that may stand in it */
    const char *by_default; /* what it is when nobody sets it */
    bool is_list;           /* takes any number of the words, none at all too; else exactly one */
    const char *former; /* words of an earlier version, or NULL: they mean the default now, so that an upgrade
                               leaves no rule file without effect */
};

extern const struct host_setting host_settings[HOST_SETTINGS];

/* The number of the setting of that name; HOST_SETTINGS if there is none. */
unsigned host_settings_find(struct text name);

/* VALUE as it is kept: lower case, one blank between words, at most CAP bytes. Returns its length, or SIZE_MAX
 * with the offending word in *ODD (empty: the wrong number of words). Otherwise *ODD is a former word that stands in
 * VALUE, or empty. */
size_t host_settings_take(const struct host_setting *h, struct text value, char *out, size_t cap,
                          struct text *odd);

#endif
