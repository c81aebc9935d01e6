#include "dirwalk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/os/os.h"

enum { DEPTH_MAX = 64 };

struct walker {
    bool (*file)(void *context, const char *path);
    void (*trouble)(void *context, const char *path, int error);
    void *context;
    bool stopped;
    bool troubled;
};

static void complain(struct walker *w, const char *path, int error)
{
    w->troubled = true;
    w->trouble(w->context, path, error);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_folder(const char *folder, const char *name, const char *below)
{
    char path[4096];
    enum os_kind kind;
    int n = snprintf(path, sizeof path, "%s/%s%s", folder, name, below);
    return n > 0 && (size_t)n < sizeof path && os_file_kind(path, false, &kind) == 0 && kind == OS_FOLDER;
}

/* Whether an entry of the folder is left out: names that begin with a dot, but for the folders of a Maildir++
 * (".Junk"), and what is on its way into a maildir. */
static bool is_left_out(const char *folder, const char *name)
{
    if (name[0] == '.')
        return !name[1] || strcmp(name, "..") == 0 || !has_folder(folder, name, "/cur");
    return strcmp(name, "tmp") == 0 && has_folder(folder, "cur", "") && has_folder(folder, "new", "");
}

/* Gets the sorted paths of the files in the folder. Returns 0 or an errno value. */
static int list_folder(const char *folder, char ***out, size_t *count)
{
    char **list = NULL;
    size_t n = 0;
    size_t cap = 0;
    int error = 0;
    size_t prefix = strlen(folder);
    bool slash = prefix && folder[prefix - 1] == '/';
    DIR *dir = opendir(folder);
    if (!dir)
        return errno;
    for (const struct dirent *entry; !error && (entry = readdir(dir)) != NULL;) {
        if (is_left_out(folder, entry->d_name))
            continue;
        if (n == cap) {
            char **grown = realloc(list, (cap ? cap * 2 : 16) * sizeof *list);
            if (!grown) {
                error = ENOMEM;
                break;
            }
            list = grown;
            cap = cap ? cap * 2 : 16;
        }
        size_t size = prefix + strlen(entry->d_name) + 2;
        char *path = malloc(size);
        if (!path) {
            error = ENOMEM;
            break;
        }
        snprintf(path, size, "%s%s%s", folder, slash ? "" : "/", entry->d_name);
        list[n++] = path;
    }
    closedir(dir);
    if (n)
        qsort(list, n, sizeof *list, compare_names);
    *out = list;
    *count = n;
    return error;
}

static void visit(struct walker *w, const char *path, unsigned depth)
{
    enum os_kind kind;
    int error = os_file_kind(path, depth == 0, &kind);
    if (error) {
        complain(w, path, error);
        return;
    }
    if (kind != OS_FOLDER) {
        /* Below the folder, links to folders, sockets, pipes and the like are left out. */
        if (kind == OS_FILE || depth == 0)
            w->stopped = !w->file(w->context, path);
        return;
    }
    char **list = NULL;
    size_t n = 0;
    error = depth < DEPTH_MAX ? list_folder(path, &list, &n) : ELOOP;
    if (error)
        complain(w, path, error);
    for (size_t i = 0; i < n; i++) {
        if (!w->stopped)
            visit(w, list[i], depth + 1);
        free(list[i]);
    }
    free(list);
}

bool dirwalk(const char *path, bool (*file)(void *context, const char *path),
             void (*trouble)(void *context, const char *path, int error), void *context)
{
    struct walker w = {.file = file, .trouble = trouble, .context = context};
    visit(&w, path, 0);
    return !w.stopped && !w.troubled;
}
