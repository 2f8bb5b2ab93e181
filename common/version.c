#include "common/version.h"

#include "build_id.h"

const char deltam_build[] = DELTAM_BUILD;
const char deltam_version[] = DELTAM_VERSION " (build " DELTAM_BUILD ")";
