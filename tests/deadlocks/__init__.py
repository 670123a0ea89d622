"""Writers that lock several rows beside whole runs: is one ever the victim of zdm?"""
