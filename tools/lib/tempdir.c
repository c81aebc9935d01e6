#include "tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "core/os/os.h"
#include "tools/os/os.h"

bool scratch_make(char *path, size_t cap)
{
    errno = place_make_scratch(path, cap);
    return errno == 0;
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
            os_remove(file);
    }
    closedir(folder);
    place_remove_folder(path);
}
