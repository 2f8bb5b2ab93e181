#include "common/store/network_fs.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include "common/arena.h"
#include "common/store/file.h"

/* Of statfs(2) and linux/magic.h; the others are those of their own sources. */
static const uint32_t network[] = {
	0x00006969, /* NFS */
	0x0000517b, /* SMB */
	0xff534d42, /* CIFS */
	0xfe534d42, /* SMB2 */
	0x0bd00bd0, /* Lustre */
	0x47504653, /* GPFS, Spectrum Scale */
	0x19830326, /* BeeGFS */
	0x65735546, /* FUSE: sshfs, GlusterFS, virtiofs and others, of which none can be told */
	0x00c36400, /* Ceph */
	0x5346414f, /* AFS (OpenAFS and the kernel's) */
	0x01021997, /* 9P */
	0xaad7aaea, /* PanFS */
	0x20030528, /* OrangeFS */
};

bool network_fs_holds(const char *path)
{
	const char *forced = getenv("DELTAM_NETWORK_FS");
	char folder[FILE_PATH_MAX];
	struct statfs fs;

	if (forced && (!strcmp(forced, "1") || !strcmp(forced, "0")))
		return *forced == '1';
	file_folder(path, folder);
	if (statfs(path, &fs) && statfs(folder, &fs))
		return false; /* who opens it says why */
	for (int i = 0; i < COUNT(network); i++)
		if ((uint32_t)fs.f_type == network[i])
			return true;
	return false;
}
