-- Declares nothing that there is.
return controler "sim.tend.dev/v1/Probe" {}
