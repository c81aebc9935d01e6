#define _DEFAULT_SOURCE
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool scratch_make(char *path, size_t cap)
{
    const char *parent = getenv("TMPDIR");
    int n = snprintf(path, cap, "%s/gatepost-XXXXXX", parent && *parent ? parent : "/tmp");
    if (n < 0 || (size_t)n >= cap) {
        errno = ENAMETOOLONG;
        return false;
    }
    return mkdtemp(path) != NULL;
}

void scratch_remove(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char file[4096];
        int n = snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof file)
            unlink(file);
    }
    closedir(folder);
    rmdir(path);
}
